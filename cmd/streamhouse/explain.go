package main

import (
	"errors"
	"fmt"

	"streamhouse/log"
	"streamhouse/meta"
)

// advice says for each error that ends the broker what to do about it. The first that fits
// is used. Errors of the store, of settings and of ports bring their own.
var advice = []struct {
	when error
	do   string
}{
	{errSilent, "check the network, the endpoint (AWS_ENDPOINT_URL) and AWS_REGION"},
	{log.ErrFenced, "one broker serves one bucket: stop the other one before this is started again"},
	{log.ErrStoreShrank, "start it again, and give the store, or the proxy before it, one size limit that stays"},
	{log.ErrUnsafeStore, "it would let two brokers write over each other: use a store that honours If-None-Match on PUT, as S3 does"},
	{log.ErrCorruptLog, "restore the object from a backup or from a version of it that the bucket keeps"},
	{meta.ErrInUse, "stop that one, or name another file with STREAMHOUSE_METADATA"},
}

// explain puts behind an error what somebody can do about it. It wraps err, and returns one that
// no advice fits as it is; nil stays nil.
func explain(err error) error {
	for _, a := range advice {
		if errors.Is(err, a.when) {
			return fmt.Errorf("%w: %s", err, a.do)
		}
	}
	return err
}
