// Command all is every Kubernetes program of a bundle in one binary.
package main

import (
	"maps"

	"kboot.dev/kubernetes/controlplane"
	"kboot.dev/kubernetes/multicall"
	"kboot.dev/kubernetes/node"
)

func main() {
	programs := maps.Clone(node.Programs)
	maps.Copy(programs, controlplane.Programs)
	multicall.Main(programs)
}
