// Command node is kubeadm, kubectl, kubelet and kube-proxy in one binary.
package main

import (
	"kboot.dev/kubernetes/multicall"
	"kboot.dev/kubernetes/node"
)

func main() {
	multicall.Main(node.Programs)
}
