package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// unsetEmpty makes an empty variable count as unset: that is what
// compose files and charts leave behind for a value that nobody gave.
func unsetEmpty(names []string) {
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok && value == "" {
			_ = os.Unsetenv(name) // fails only for a name that no variable can have
		}
	}
}

// environmentNames are the variables of all settings, by name, with those that do not begin with
// STREAMHOUSE_.
func environmentNames() []string {
	var names []string
	for field := range reflect.TypeFor[settings]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkEnvironment refuses variables that look like ours and are none: a
// mistyped name would silently leave a default in force. environ is as [os.Environ] returns it. An
// empty variable is forgiven, as everywhere.
func checkEnvironment(environ, known []string) error {
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "STREAMHOUSE_") || value == "" || slices.Contains(known, name) || isServiceLink(name, value) {
			continue
		}
		return fmt.Errorf("%w: the environment variable %s is no setting: did you mean %s? See streamhouse serve --help", errSettings, name, nearest(name, known))
	}
	return nil
}

// isServiceLink reports a variable that Kubernetes or Docker set in every
// container beside a service named streamhouse or streamhouse-something:
// STREAMHOUSE_SERVICE_HOST, STREAMHOUSE_PORT=tcp://…, STREAMHOUSE_PORT_9092_TCP_ADDR …
func isServiceLink(name, value string) bool {
	return serviceLink.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// serviceLink is how their names end, except STREAMHOUSE_PORT, which its value has to tell from a
// setting with a mistyped name.
var serviceLink = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?$`)

// nearest returns the name with the smallest edit distance; known has one at least.
func nearest(name string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int { return editDistance(name, a) - editDistance(name, b) })
}

// editDistance counts the letters to insert, delete or replace between two names
// (Levenshtein), with one row of the table in memory.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
