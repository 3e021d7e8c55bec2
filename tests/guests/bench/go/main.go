// Trees of small objects and a map of strings, made and dropped: many objects, and calls to walk over at each.
package main

import (
	"fmt"
	"strconv"
)

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t == nil {
		return 0
	}
	return 1 + t.left.count() + t.right.count()
}

func main() {
	lasting, nodes := grow(16), 0
	for range 40 {
		nodes += grow(14).count()
	}
	names := map[string][]string{}
	for number := range 200_000 {
		key := strconv.Itoa(number * 7919 % 5003)
		names[key] = append(names[key], "value "+strconv.Itoa(number))
	}
	fmt.Println(nodes, lasting.count(), len(names))
}
