// Streamhouse is the broker, with a benchmark for it and others of its kind.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], output{os.Stdout, os.Stderr})) }
