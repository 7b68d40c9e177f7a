package simulation

// Topics that are there for the whole run.
const (
	plain   = "plain"   // nothing special
	stamped = "stamped" // the broker sets the time
	trimmed = "trimmed" // its first records are deleted
)

var lasting = []struct {
	name       string
	partitions int32
	configs    map[string]string
}{
	{plain, 4, nil},
	{stamped, 2, map[string]string{"message.timestamp.type": "LogAppendTime"}},
	{trimmed, 3, map[string]string{"retention.ms": "-1"}},
}

// lastingParts are the partitions of those topics.
func lastingParts() (all []part) {
	for _, t := range lasting {
		for i := range t.partitions {
			all = append(all, part{t.name, i})
		}
	}
	return all
}

// partsOf are the partitions of one of them.
func partsOf(topic string) (all []part) {
	for _, p := range lastingParts() {
		if p.topic == topic {
			all = append(all, p)
		}
	}
	return all
}
