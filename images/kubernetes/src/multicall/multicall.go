// Package multicall lets one binary answer to several names, as its links call it.
package multicall

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Program runs one command line, os.Args[1:], and returns its exit code.
type Program func() int

// Main runs the program that the binary was called as. Where a link is in the way (a debugger, a copy
// under another name), the first argument may name the program instead. See ArgumentsFile for where more
// arguments come from.
func Main(programs map[string]Program) {
	name := filepath.Base(os.Args[0])
	program, ok := programs[name]
	if !ok && len(os.Args) > 1 {
		if program, ok = programs[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			name = os.Args[0]
		}
	}
	if !ok {
		names := strings.Join(slices.Sorted(maps.Keys(programs)), ", ")
		fmt.Fprintf(os.Stderr, "%s: call this program by the name of one of: %s\n", name, names)
		os.Exit(2)
	}
	more, err := moreArguments(name)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(2)
	}
	os.Args = append(os.Args, more...)
	os.Exit(program())
}
