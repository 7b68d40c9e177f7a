// Package integration proves StreamHouse from outside: the program runs as a
// process of its own, on a local directory and on a real S3 server, and real
// clients talk to it.
//
//	go test ./integration/...              all of it, from the repository's root
//	go test -run Scenario ./integration    what broke elsewhere, numbered
//	go test ./integration -args -long      with what takes minutes: all of the suites, and many kills
//
// The listing of the tests is the test plan: TestScenarioNN are failures that
// lost, duplicated or stuck data in systems of this kind, TestClient are
// clients in everyday use, TestCost are the store's requests that an operation
// may make, TestProgram is the program's behaviour towards its operator.
//
// Package simulation below this one runs whole brokers with seeded faults in fake time, package oracle compares
// the program with Apache Kafka.
// Command golden makes buckets that every later version must open, and tests that they do.
//
// Environment:
//
//	CI=true       a client that is not installed (kcat, Python, Java) is an error and not a skip
//	CLIENTS=dir   where clients/install.sh has put the Python and Java clients, and Kafka
//	SEED=1        repeats the moments of a run that printed this seed
//	RACE=1        the broker is built with the race detector
//	BINARY=path   tests a program that was built elsewhere
package integration
