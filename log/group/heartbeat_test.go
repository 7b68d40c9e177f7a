package group

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

func TestHeartbeatAnswers(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.staticMember("a")
		m.in(m.join())
		fails(t, nil, m.beat())
		other := "x"
		for _, tt := range []struct {
			group string
			edit  func(*Identity)
			want  error
		}{
			{"g", func(i *Identity) { i.InstanceID = nil }, nil},
			{"", func(*Identity) {}, log.ErrInvalidGroup},
			{"none", func(*Identity) {}, ErrUnknownMember},
			{"g", func(i *Identity) { i.MemberID, i.InstanceID = "x", nil }, ErrUnknownMember},
			{"g", func(i *Identity) { i.InstanceID = &other }, ErrUnknownMember},
			{"g", func(i *Identity) { i.MemberID = "x" }, ErrFencedInstanceID},
			{"g", func(i *Identity) { i.Generation++ }, ErrIllegalGeneration},
			{"g", func(i *Identity) { i.Generation = -1 }, ErrIllegalGeneration},
		} {
			who := m.identity()
			tt.edit(&who)
			fails(t, tt.want, g.registry.Heartbeat(tt.group, who))
		}
	})
}

func BenchmarkHeartbeat(b *testing.B) {
	r := NewRegistry(noDelay, nil, slog.New(slog.DiscardHandler))
	defer r.Close()
	joined, err := r.Join(JoinRequest{
		Group: "g", ClientID: "bench", ProtocolType: "consumer", Protocols: protocols("range"),
		SessionTimeout: 45 * time.Second, RebalanceTimeout: 5 * time.Minute,
	}).Wait(b.Context())
	require.NoError(b, err)
	who := Identity{MemberID: joined.MemberID, Generation: joined.Generation}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Heartbeat("g", who); err != nil {
			b.Fatal(err)
		}
	}
}
