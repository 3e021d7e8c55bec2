// Command self_report prints its own heap.
package main

import (
	"fmt"
	"os"

	"heapy"
)

func main() {
	hp, err := heapy.Open()
	if err == heapy.ErrDisabled {
		fmt.Println("without Heapy")
		return
	}
	heap, err := hp.Ask("heap")
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	if _, err := heapy.Snapshot("same"); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(heap)
	heap.Release()
}
