package kafka

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

func describeRequest(version int16, kind kmsg.ConfigResourceType, name string, configs ...string) *kmsg.DescribeConfigsRequest {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Version = version
	req.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kind, ResourceName: name, ConfigNames: configs}}
	return req
}

// described returns the configs of the only resource by name.
func (c *wireClient) described(req *kmsg.DescribeConfigsRequest) map[string]kmsg.DescribeConfigsResponseResourceConfig {
	c.Helper()
	r := ask[*kmsg.DescribeConfigsResponse](c, req).Resources[0]
	requireCode(c, nil, r.ErrorCode)
	require.Equal(c, kmsg.StringPtr(""), r.ErrorMessage)
	require.Equal(c, req.Resources[0].ResourceName, r.ResourceName)
	all := make(map[string]kmsg.DescribeConfigsResponseResourceConfig)
	for _, config := range r.Configs {
		all[config.Name] = config
	}
	return all
}

func TestDescribeConfigsOfATopic(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1, "retention.ms", "5000")
		c := d.dial()
		for version := range int16(5) {
			all := c.described(describeRequest(version, kmsg.ConfigResourceTypeTopic, "t"))
			set, unset := all["retention.ms"], all["max.message.bytes"]
			require.Equal(t, []string{"5000", "1048588"}, []string{*set.Value, *unset.Value}, "version %d", version)
			require.False(t, set.ReadOnly || unset.ReadOnly || set.IsSensitive || unset.IsSensitive)
			switch version {
			case 0:
				require.Equal(t, []bool{false, true}, []bool{set.IsDefault, unset.IsDefault})
			default:
				require.Equal(t, []kmsg.ConfigSource{kmsg.ConfigSourceDynamicTopicConfig, kmsg.ConfigSourceDefaultConfig}, []kmsg.ConfigSource{set.Source, unset.Source})
			}
			if version >= 3 {
				require.Equal(t, []kmsg.ConfigType{kmsg.ConfigTypeLong, kmsg.ConfigTypeInt}, []kmsg.ConfigType{set.ConfigType, unset.ConfigType})
			}
			none := describeRequest(version, kmsg.ConfigResourceTypeTopic, "t")
			none.Resources[0].ConfigNames = []string{}
			require.Equal(t, all, c.described(none), "an empty list asks for all")
			require.Nil(t, set.Documentation)
			require.Empty(t, set.ConfigSynonyms)
			require.Len(t, c.described(describeRequest(version, kmsg.ConfigResourceTypeTopic, "t", "retention.ms", "no.such")), 1)
		}
	})
}

func TestDescribeConfigsTellsMoreWhenAsked(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1, "retention.ms", "5000")
		c := d.dial()
		req := describeRequest(4, kmsg.ConfigResourceTypeTopic, "t")
		req.IncludeDocumentation, req.IncludeSynonyms = true, true
		all := c.described(req)
		for name, config := range all {
			require.NotEmpty(t, *config.Documentation, name)
			s := config.ConfigSynonyms
			require.Equal(t, *config.Value, *s[0].Value, "the first is in force")
			require.Equal(t, kmsg.ConfigSourceDefaultConfig, s[len(s)-1].Source)
		}
		require.Len(t, all["retention.ms"].ConfigSynonyms, 2)
		require.Len(t, all["max.message.bytes"].ConfigSynonyms, 1)
	})
}

func TestDescribeConfigsOfTheBroker(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) {
		o.DefaultPartitions, o.AutoCreateTopics, o.IdleTimeout = 7, true, time.Minute
	}, func(d *door) {
		c := d.dial()
		for _, name := range []string{"", itoa(nodeID)} {
			all := c.described(describeRequest(4, kmsg.ConfigResourceTypeBroker, name))
			for config, want := range map[string]string{
				"num.partitions": "7", "auto.create.topics.enable": "true", "broker.id": itoa(nodeID), "connections.max.idle.ms": "60000",
			} {
				require.Equal(t, want, *all[config].Value, config)
				require.True(t, all[config].ReadOnly)
				require.Equal(t, kmsg.ConfigSourceStaticBrokerConfig, all[config].Source)
			}
		}
	})
}

func TestDescribeConfigsRefuses(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for what, w := range map[string]struct {
			kind kmsg.ConfigResourceType
			name string
			want *kerr.Error
		}{
			"a topic that's missing":     {kmsg.ConfigResourceTypeTopic, "none", kerr.UnknownTopicOrPartition},
			"a topic that can't be":      {kmsg.ConfigResourceTypeTopic, "x/y", kerr.InvalidTopicException},
			"a topic without a name":     {kmsg.ConfigResourceTypeTopic, "", kerr.InvalidTopicException},
			"another broker":             {kmsg.ConfigResourceTypeBroker, "2", kerr.InvalidRequest},
			"a broker that's no number":  {kmsg.ConfigResourceTypeBroker, "one", kerr.InvalidRequest},
			"a broker's loggers":         {kmsg.ConfigResourceTypeBrokerLogger, "1", kerr.InvalidRequest},
			"a resource nobody heard of": {99, "t", kerr.InvalidRequest},
		} {
			r := ask[*kmsg.DescribeConfigsResponse](c, describeRequest(4, w.kind, w.name)).Resources[0]
			requireCode(t, w.want, r.ErrorCode, what)
			require.NotEmpty(t, *r.ErrorMessage, what)
			require.Empty(t, r.Configs, what)
		}
	})
}

// configEdit is one config of an AlterConfigs or IncrementalAlterConfigs. A nil value is null.
type configEdit struct {
	name  string
	op    kmsg.IncrementalAlterConfigOp
	value any
}

func (e configEdit) text() *string {
	if e.value == nil {
		return nil
	}
	text := fmt.Sprint(e.value)
	return &text
}

func alterRequest(version int16, topic string, edits ...configEdit) *kmsg.AlterConfigsRequest {
	req := kmsg.NewPtrAlterConfigsRequest()
	req.Version = version
	r := kmsg.AlterConfigsRequestResource{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: topic}
	for _, e := range edits {
		r.Configs = append(r.Configs, kmsg.AlterConfigsRequestResourceConfig{Name: e.name, Value: e.text()})
	}
	req.Resources = append(req.Resources, r)
	return req
}

func editRequest(version int16, topic string, edits ...configEdit) *kmsg.IncrementalAlterConfigsRequest {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Version = version
	r := kmsg.IncrementalAlterConfigsRequestResource{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: topic}
	for _, e := range edits {
		r.Configs = append(r.Configs, kmsg.IncrementalAlterConfigsRequestResourceConfig{Name: e.name, Op: e.op, Value: e.text()})
	}
	req.Resources = append(req.Resources, r)
	return req
}

// requireSet compares what a topic sets itself.
func (d *door) requireSet(topic string, want map[string]string) {
	d.Helper()
	all, err := d.log.DescribeConfigs(topic)
	require.NoError(d, err)
	have := make(map[string]string)
	for _, c := range all {
		if c.Set {
			have[c.Name] = c.Value
		}
	}
	require.Equal(d, want, have)
}

func TestAlterConfigsSetsAll(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for version := range int16(3) {
			topic := "t" + itoa(int32(version))
			d.topic(topic, 1, "retention.ms", "5000", "retention.bytes", "6000")
			req := alterRequest(version, topic, configEdit{"retention.ms", 0, 7000})
			req.ValidateOnly = true
			requireCode(t, nil, ask[*kmsg.AlterConfigsResponse](c, req).Resources[0].ErrorCode)
			d.requireSet(topic, map[string]string{"retention.ms": "5000", "retention.bytes": "6000"})
			req.ValidateOnly = false
			requireCode(t, nil, ask[*kmsg.AlterConfigsResponse](c, req).Resources[0].ErrorCode)
			d.requireSet(topic, map[string]string{"retention.ms": "7000"})
		}
	})
}

func TestIncrementalAlterConfigs(t *testing.T) {
	const set, unset, add, remove = kmsg.IncrementalAlterConfigOpSet, kmsg.IncrementalAlterConfigOpDelete, kmsg.IncrementalAlterConfigOpAppend, kmsg.IncrementalAlterConfigOpSubtract
	before := map[string]string{"retention.ms": "5000", "retention.bytes": "6000"}
	for what, w := range map[string]struct {
		edits []configEdit
		want  *kerr.Error
		after map[string]string
	}{
		"sets one and leaves the rest":  {[]configEdit{{"retention.ms", set, 7000}}, nil, map[string]string{"retention.ms": "7000", "retention.bytes": "6000"}},
		"deletes":                       {[]configEdit{{"retention.ms", unset, nil}}, nil, map[string]string{"retention.bytes": "6000"}},
		"deletes what is not set":       {[]configEdit{{"max.message.bytes", unset, nil}}, nil, before},
		"appends what is there":         {[]configEdit{{"cleanup.policy", add, "delete"}}, nil, map[string]string{"retention.ms": "5000", "retention.bytes": "6000", "cleanup.policy": "delete"}},
		"appends what isn't taken":      {[]configEdit{{"cleanup.policy", add, "compact"}}, kerr.InvalidConfig, before},
		"subtracts all":                 {[]configEdit{{"cleanup.policy", remove, "delete"}}, kerr.InvalidConfig, before},
		"appends to what is no list":    {[]configEdit{{"retention.ms", add, "1"}}, kerr.InvalidConfig, before},
		"appends to what is not known":  {[]configEdit{{"no.such", add, "1"}}, kerr.InvalidConfig, before},
		"sets what is not known":        {[]configEdit{{"no.such", set, "1"}}, kerr.InvalidConfig, before},
		"deletes what is not known":     {[]configEdit{{"no.such", unset, nil}}, kerr.InvalidConfig, before},
		"sets to null":                  {[]configEdit{{"retention.ms", set, nil}}, kerr.InvalidRequest, before},
		"does what nobody has heard of": {[]configEdit{{"retention.ms", 9, 1}}, kerr.InvalidRequest, before},
		"sets one twice":                {[]configEdit{{"retention.ms", set, 1}, {"retention.ms", unset, nil}}, kerr.InvalidRequest, before},
		"one wrong of two":              {[]configEdit{{"retention.bytes", set, 1}, {"retention.ms", set, "long"}}, kerr.InvalidConfig, before},
	} {
		t.Run(what, func(t *testing.T) {
			inDoor(t, nil, func(d *door) {
				d.topic("t", 1, "retention.ms", "5000", "retention.bytes", "6000")
				c := d.dial()
				for version := range int16(2) {
					req := editRequest(version, "t", w.edits...)
					req.ValidateOnly = version == 0
					r := ask[*kmsg.IncrementalAlterConfigsResponse](c, req).Resources[0]
					requireCode(d, w.want, r.ErrorCode)
					require.Equal(d, w.want != nil, r.ErrorMessage != nil)
					if req.ValidateOnly {
						d.requireSet("t", before)
					}
				}
				d.requireSet("t", w.after)
			})
		})
	}
}

// What cannot be altered is rejected by both requests, and what stands beside it is altered.
func TestAlterConfigsRefuses(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		d.topic("twice", 1)
		c := d.dial()
		edit := configEdit{"retention.ms", kmsg.IncrementalAlterConfigOpSet, 1}
		names := []string{"none", "1", "1", "twice", "t", "twice"}
		wants := []*kerr.Error{kerr.UnknownTopicOrPartition, kerr.InvalidRequest, kerr.UnknownTopicOrPartition, kerr.InvalidRequest, nil}
		whole, incremental := alterRequest(2, "none", edit), editRequest(1, "none", edit)
		for i, name := range names[1:] {
			whole.Resources = append(whole.Resources, alterRequest(2, name, edit).Resources...)
			incremental.Resources = append(incremental.Resources, editRequest(1, name, edit).Resources...)
			if i == 0 {
				whole.Resources[1].ResourceType, incremental.Resources[1].ResourceType = kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBroker
			}
		}
		altered := ask[*kmsg.AlterConfigsResponse](c, whole).Resources
		require.Len(t, altered, len(wants))
		for i, r := range altered {
			requireCode(t, wants[i], r.ErrorCode, names[i])
			require.Equal(t, names[i], r.ResourceName)
		}
		edited := ask[*kmsg.IncrementalAlterConfigsResponse](c, incremental).Resources
		require.Len(t, edited, len(wants))
		for i, r := range edited {
			requireCode(t, wants[i], r.ErrorCode, names[i])
			require.Equal(t, names[i], r.ResourceName)
		}
		d.requireSet("t", map[string]string{"retention.ms": "1"})
		d.requireSet("twice", map[string]string{})
	})
}

func TestAlterConfigsRefusesConfigs(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1, "retention.ms", "5000")
		c := d.dial()
		right := configEdit{"retention.bytes", 0, 1}
		for what, w := range map[string]struct {
			edits []configEdit
			want  *kerr.Error
		}{
			"no value":          {[]configEdit{right, {"retention.ms", 0, nil}}, kerr.InvalidRequest},
			"one twice":         {[]configEdit{{"retention.ms", 0, 1}, right, {"retention.ms", 0, 1}}, kerr.InvalidRequest},
			"one twice, wrong":  {[]configEdit{{"no.such", 0, 1}, {"no.such", 0, 2}}, kerr.InvalidRequest},
			"one nobody knows":  {[]configEdit{right, {"no.such", 0, 1}}, kerr.InvalidConfig},
			"a value that's no": {[]configEdit{right, {"retention.ms", 0, "long"}}, kerr.InvalidConfig},
		} {
			for version := range int16(3) {
				r := ask[*kmsg.AlterConfigsResponse](c, alterRequest(version, "t", w.edits...)).Resources[0]
				requireCode(t, w.want, r.ErrorCode, what)
				require.NotEmpty(t, *r.ErrorMessage)
			}
		}
		d.requireSet("t", map[string]string{"retention.ms": "5000"})
	})
}

func TestAlterConfigsOfTopicsThatCannotBe(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for name, want := range map[string]*kerr.Error{"": kerr.InvalidRequest, "x/y": kerr.InvalidTopicException, "..": kerr.InvalidTopicException, "none": kerr.UnknownTopicOrPartition} {
			edit := configEdit{"retention.ms", kmsg.IncrementalAlterConfigOpSet, 1}
			requireCode(t, want, ask[*kmsg.AlterConfigsResponse](c, alterRequest(2, name, edit)).Resources[0].ErrorCode, name)
			requireCode(t, want, ask[*kmsg.IncrementalAlterConfigsResponse](c, editRequest(1, name, edit)).Resources[0].ErrorCode, name)
		}
	})
}

func TestAlterConfigsWhileTheStoreIsAway(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		r := ask[*kmsg.AlterConfigsResponse](d.dial(), alterRequest(2, "t", configEdit{"retention.ms", 0, 1})).Resources[0]
		requireCode(t, kerr.RequestTimedOut, r.ErrorCode)
		d.requireSet("t", map[string]string{})
	})
}

func TestEditList(t *testing.T) {
	for _, w := range []struct {
		have, items string
		add         bool
		want        string
	}{
		{"", "a", true, "a"},
		{"a", "b,c", true, "a,b,c"},
		{"a,b", "b", true, "a,b"},
		{"a,b,c", "b", false, "a,c"},
		{"a", "a", false, ""},
		{"a", "b", false, "a"},
		{"", "a", false, ""},
	} {
		require.Equal(t, w.want, editList(w.have, w.items, w.add), "%+v", w)
	}
}
