package integration

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// An object is damaged behind the broker's back: what it held is refused by
// name, everything else is served, and the start is not held up by it.
func TestScenario13_DamagedObject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(*testing.T, string, []byte)
		// replayable tells that the commit in the object is whole, so that the
		// bucket alone is enough to start.
		replayable bool
	}{
		{"bit flipped in a block", flipBit, true},
		{"truncated", truncate, false},
		{"missing", remove, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onBothStores(t, func(t *testing.T, s *store) {
				*s.broken = true
				b := startBroker(t, s)
				createTopic(t, b, "hurt", 1)
				createTopic(t, b, "sound", 1)
				value := incompressible(8_000)
				file := journalFileOf(t, s, func() { produce(t, b, "hurt", 0, string(value)) })
				produce(t, b, "sound", 0, "here")
				stopBroker(t, b)
				require.NoError(t, b.ForgetCache())
				c.damage(t, file, value)

				require.NoError(t, b.Start())
				requireOnlyHurt(t, b, s.key(t, file))
				if !c.replayable {
					return
				}
				stopBroker(t, b)
				require.NoError(t, b.ForgetCache())
				require.NoError(t, b.ForgetMetadata())
				require.NoError(t, b.Start())
				requireOnlyHurt(t, b, s.key(t, file))
			})
		})
	}
}

// requireOnlyHurt checks that the damaged partition answers with an error, that
// the log names the object, and that the other topic is served, by the same fetch too.
func requireOnlyHurt(t *testing.T, b *broker.Broker, key string) {
	t.Helper()
	got, err := dial(t, b).Fetch("hurt", wire.FetchOptions{MinBytes: 1, MaxBytes: 1 << 20, MaxWaitMillis: 60_000}, wire.Position{})
	require.NoError(t, err)
	require.Empty(t, got[0].Records, "nothing of a damaged block is served")
	require.Error(t, got[0].Err)
	require.NotEqual(t, kerr.UnknownServerError, got[0].Err)
	require.Eventually(t, func() bool { return b.OutputHas(key) }, time.Minute, 10*time.Millisecond, "the log names %s", key)
	require.Equal(t, []string{"here"}, readValues(t, b, "sound", 0))
}

// A journal segment that replay needs is gone for good: the broker does not
// start with less than it promised, and names what is missing.
func TestScenario13_MissingJournalSegmentIsNoShorterLog(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		*s.broken = true
		b := startBroker(t, s)
		createTopic(t, b, "topic", 1)
		file := journalFileOf(t, s, func() { produce(t, b, "topic", 0, "lost") })
		for range 40 { // more than can be in flight at once
			produce(t, b, "topic", 0, "later")
		}
		stopBroker(t, b)
		remove(t, file, nil)
		require.NoError(t, b.ForgetMetadata())

		require.NoError(t, b.Launch())
		code, err := b.Wait()
		require.NoError(t, err)
		require.NotZero(t, code)
		require.True(t, b.OutputHas(s.key(t, file)), "it names the object that is missing")
	})
}

// journalFileOf returns the file of the one journal segment that work adds.
func journalFileOf(t *testing.T, s *store, work func()) string {
	t.Helper()
	before := s.journal(t)
	work()
	after := s.journal(t)
	require.Len(t, after, len(before)+1)
	return after[len(before)]
}

func incompressible(n int) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(b) // never fails
	return b
}

func flipBit(t *testing.T, file string, value []byte) {
	t.Helper()
	object, err := os.ReadFile(file)
	require.NoError(t, err)
	at := bytes.Index(object, value[100:200])
	require.Positive(t, at, "the value stands in the object as it is")
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if os.IsPermission(err) {
		require.NoError(t, os.Chmod(file, 0o600))
		f, err = os.OpenFile(file, os.O_WRONLY, 0)
	}
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{object[at] ^ 1}, int64(at)) // in place: the object's attributes stay
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func truncate(t *testing.T, file string, _ []byte) {
	t.Helper()
	require.NoError(t, os.Truncate(file, 1_000))
}

func remove(t *testing.T, file string, _ []byte) {
	t.Helper()
	require.NoError(t, os.Remove(file))
}
