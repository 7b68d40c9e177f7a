package kafka

import "streamhouse/log"

// checkEpoch compares the leader epoch that a client believes in (-1: none) with the broker's (KIP-320).
func checkEpoch(client, broker int32) error {
	switch {
	case client >= 0 && client < broker:
		return log.ErrFencedLeaderEpoch
	case client > broker:
		return log.ErrUnknownLeaderEpoch
	}
	return nil
}
