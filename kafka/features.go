package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// The version of Kafka that this broker is like, by the name and the level that Kafka's MetadataVersion gives it. Consoles
// and kadm read it to know what they may ask for.
const (
	metadataVersion = "4.4-IV2"
	metadataLevel   = 33
)

// Features (KIP-584): metadata.version alone, at the one level that the program has. It cannot be lowered, as there is no other. The features
// that are not there are new protocols of groups (group.version, share.version, streams.version), transactions (transaction.version)
// and what only several nodes have (kraft.version, eligible.leader.replicas.version): a client that finds them would use them.
var (
	supportedFeatures = []kmsg.ApiVersionsResponseSupportedFeature{{Name: "metadata.version", MinVersion: metadataLevel, MaxVersion: metadataLevel}}
	finalizedFeatures = []kmsg.ApiVersionsResponseFinalizedFeature{{Name: "metadata.version", MinVersionLevel: metadataLevel, MaxVersionLevel: metadataLevel}}
)
