// Command control-plane is kube-apiserver, kube-controller-manager and kube-scheduler in one binary.
package main

import (
	"kboot.dev/kubernetes/controlplane"
	"kboot.dev/kubernetes/multicall"
)

func main() {
	multicall.Main(controlplane.Programs)
}
