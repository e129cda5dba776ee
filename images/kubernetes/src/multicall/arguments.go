package multicall

import (
	"fmt"
	"os"
	"strings"
)

// ArgumentsFile is the variable that names a file with more arguments: KUBE_APISERVER_ARGS="--v=2" for
// kube-apiserver. Where it is not set, as in every pod, a program gets the arguments of its command line only.
const ArgumentsFile = "ARGUMENTS_FILE"

// moreArguments returns the words of a program's variable, KUBE_APISERVER_ARGS of kube-apiserver: those of the
// environment, then those of the file. The file is read at each start and may be missing.
func moreArguments(program string) ([]string, error) {
	path := os.Getenv(ArgumentsFile)
	if path == "" {
		return nil, nil
	}
	variable := strings.ToUpper(strings.ReplaceAll(program, "-", "_")) + "_ARGS"
	arguments, err := words(os.Getenv(variable))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return arguments, nil
	}
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\\\n", " "), "\n")
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		value, found := strings.CutPrefix(line, variable+"=")
		if !found {
			return nil, fmt.Errorf("%s: not %s=\"ARGUMENT...\": %s", path, variable, line)
		}
		more, err := words(unquoted(value))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		arguments = append(arguments, more...)
	}
	return arguments, nil
}

// unquoted takes away the quotes around a whole value.
func unquoted(value string) string {
	if value == "" || !strings.ContainsRune(`"'`, rune(value[0])) {
		return value
	}
	if inside, rest, closed := strings.Cut(value[1:], value[:1]); closed && rest == "" {
		return inside
	}
	return value
}

// words splits a text at blanks that are not inside quotes, as a shell would.
func words(text string) ([]string, error) {
	var all []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, char := range text {
		switch {
		case quote != 0 && char == quote:
			quote = 0
		case quote == 0 && strings.ContainsRune(`"'`, char):
			quote, begun = char, true
		case quote == 0 && strings.ContainsRune(" \t\r\n", char):
			if begun {
				all = append(all, word.String())
				word.Reset()
			}
			begun = false
		default:
			word.WriteRune(char)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed: %s", text)
	}
	if begun {
		all = append(all, word.String())
	}
	return all, nil
}
