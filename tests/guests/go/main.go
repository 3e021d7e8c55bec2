// Command shapes keeps a known set of Go objects alive and says which.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

type Node struct {
	Next  *Node
	Value int
}

type Person struct {
	Name    string
	Friends []*Person
	Age     uint16
}

type Shape interface{ Area() float64 }
type Square struct{ Side float64 }
type Poly struct {
	Points [][2]float64
	Label  *string
}

type Wide struct {
	Left   [60]uint64
	Middle *Node
	Right  [20]*Node
}

type Tree struct{ Left, Right *Tree }

// Recursion through two places.
func plant(depth int) *Tree {
	if depth == 0 {
		return &Tree{}
	}
	return &Tree{plant(depth - 1), plant(depth - 1)}
}

func (s *Square) Area() float64 { return s.Side * s.Side }
func (p *Poly) Area() float64   { return float64(len(p.Points)) }

var (
	list   *Node
	people []*Person
	shapes []Shape
	counts map[string]int
	byName map[string]*Person
	lines  []string
	blob   []byte
	inside *float64
	call   func(int) int
	queue  chan *Node
	wide   *Wide
	grown  []int32
	sink   *Node
	tree   *Tree
)

type record struct {
	at    uintptr
	size  uintptr
	kind  string
	name  string
	reach string
}

type edge struct {
	holder string
	slot   uintptr
	target uintptr
}

// Kept XORed, and in an array, so that it neither holds nor moves anything.
const veil = 0x5aa5a55a

var (
	table [512]record
	n     int
	edges [512]edge
	e     int
)

func tell(p unsafe.Pointer, size uintptr, kind, name string) {
	table[n] = record{uintptr(p) ^ veil, size, kind, name, "global"}
	n++
}

// Tells that the word at slot holds the address target.
func link(holder string, slot, target unsafe.Pointer) {
	edges[e] = edge{holder, uintptr(slot) ^ veil, uintptr(target) ^ veil}
	e++
}

//go:wasmimport wasi_snapshot_preview1 sched_yield
func schedYield() uint32

func mark(k int) {
	runtime.GC()
	if k == 3 {
		lose()
	}
	sum := uintptr(0)
	for i := 0; i < n; i++ {
		sum += table[i].size
	}
	var b strings.Builder
	fmt.Fprintf(&b, "MARK %d live=%d bytes=%d\n", k, n, sum)
	for i := 0; i < n; i++ {
		r := &table[i]
		fmt.Fprintf(&b, "B %#x %d %s %s %s\n", r.at^veil, r.size, r.kind, r.name, r.reach)
	}
	for i := 0; i < e; i++ {
		r := &edges[i]
		fmt.Fprintf(&b, "E %s %#x %#x 0\n", r.holder, r.slot^veil, r.target^veil)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(&b, "N HeapObjects %d\nN HeapAlloc %d\nN Mallocs %d\nN Frees %d\nEND %d\n",
		m.HeapObjects, m.HeapAlloc, m.Mallocs, m.Frees, k)
	syscall.Write(1, []byte(b.String()))
	schedYield()
}

//go:noinline
func litter(k int) int {
	t := 0
	for i := 0; i < k; i++ {
		p := &Person{Name: strings.Repeat("z", 10+i%50), Age: uint16(i)}
		p.Friends = append(p.Friends, p)
		t += len(p.Friends)
	}
	return t
}

// Nodes that nothing holds and that no collection has taken yet.
//
//go:noinline
func lose() {
	for i := 0; i < 20; i++ {
		lost := &Node{Value: i}
		sink = lost
		tell(unsafe.Pointer(lost), unsafe.Sizeof(*lost), "main.Node", "lost")
		table[n-1].reach = "leak"
	}
	sink = nil
}

//go:noinline
func descend(k int, leaf func()) int {
	if k == 0 {
		leaf()
		return 0
	}
	return descend(k-1, leaf) + 1
}

func build() {
	for i := 0; i < 12; i++ {
		list = &Node{list, i}
		tell(unsafe.Pointer(list), unsafe.Sizeof(*list), "main.Node", "list")
		if list.Next != nil {
			link("Next", unsafe.Pointer(&list.Next), unsafe.Pointer(list.Next))
		}
	}
	people = make([]*Person, 0, 4)
	tell(unsafe.Pointer(unsafe.SliceData(people)), 4*unsafe.Sizeof(people[:1][0]), "*main.Person[]", "people")
	byName = make(map[string]*Person)
	for _, name := range []string{"Ann", "Robert", "Cydney"} {
		p := &Person{Name: strings.Repeat(name, 6), Age: 40}
		tell(unsafe.Pointer(p), unsafe.Sizeof(*p), "main.Person", "person")
		tell(unsafe.Pointer(unsafe.StringData(p.Name)), uintptr(len(p.Name)), "uint8[]", "name")
		link("Name", unsafe.Pointer(&p.Name), unsafe.Pointer(unsafe.StringData(p.Name)))
		people = append(people, p)
		link("[", unsafe.Pointer(&people[len(people)-1]), unsafe.Pointer(p))
		byName[p.Name] = p
	}
	for i, p := range people {
		p.Friends = make([]*Person, 2)
		p.Friends[0], p.Friends[1] = people[(i+1)%3], p
		tell(unsafe.Pointer(&p.Friends[0]), 2*unsafe.Sizeof(p), "*main.Person[]", "friends")
		link("Friends", unsafe.Pointer(&p.Friends), unsafe.Pointer(&p.Friends[0]))
		link("[", unsafe.Pointer(&p.Friends[1]), unsafe.Pointer(p))
	}
	sq, po := &Square{3}, &Poly{Points: make([][2]float64, 9)}
	shapes = []Shape{sq, po}
	tell(unsafe.Pointer(sq), unsafe.Sizeof(*sq), "main.Square", "square")
	tell(unsafe.Pointer(po), unsafe.Sizeof(*po), "main.Poly", "poly")
	tell(unsafe.Pointer(&po.Points[0]), 9*16, "[2]float64[]", "points")
	tell(unsafe.Pointer(&shapes[0]), 2*unsafe.Sizeof(shapes[0]), "[2]main.Shape", "shapes")
	link("Points", unsafe.Pointer(&po.Points), unsafe.Pointer(&po.Points[0]))
	link("[", unsafe.Add(unsafe.Pointer(&shapes[1]), 8), unsafe.Pointer(po))
	counts = make(map[string]int)
	for i := 0; i < 100; i++ {
		counts[fmt.Sprint("key", i%37)]++
	}
	lines = make([]string, 8)
	tell(unsafe.Pointer(&lines[0]), 8*unsafe.Sizeof(lines[0]), "string[]", "lines")
	for i := range lines {
		lines[i] = strings.Repeat(string(rune('A'+i))+"bc", 7+i)
		tell(unsafe.Pointer(unsafe.StringData(lines[i])), uintptr(len(lines[i])), "uint8[]", "line")
		link("[", unsafe.Pointer(&lines[i]), unsafe.Pointer(unsafe.StringData(lines[i])))
	}
	blob = make([]byte, 100_000)
	tell(unsafe.Pointer(&blob[0]), 100_000, "uint8[]", "blob")
	room := make([]float64, 50)
	inside = &room[25]
	tell(unsafe.Pointer(&room[0]), 400, "float64[]", "interior")
	base := make([]int, 10)
	base[3] = 4
	tell(unsafe.Pointer(&base[0]), 80, "int[]", "captured")
	call = func(k int) int { return base[k] + k }
	queue = make(chan *Node, 3)
	queue <- list
	wide = &Wide{Middle: list}
	wide.Right[7] = list.Next
	tell(unsafe.Pointer(wide), unsafe.Sizeof(*wide), "main.Wide", "wide")
	link("Middle", unsafe.Pointer(&wide.Middle), unsafe.Pointer(list))
	link("Right[7]", unsafe.Pointer(&wide.Right[7]), unsafe.Pointer(list.Next))
	for i := 0; i < 1000; i++ {
		grown = append(grown, int32(i))
	}
}

// Holds a node on the stack of a goroutine that waits.
func wait(ready, done chan int) {
	held := &Node{Value: 99}
	sink = held
	sink = nil
	tell(unsafe.Pointer(held), unsafe.Sizeof(*held), "main.Node", "waiting")
	table[n-1].reach = "stack"
	ready <- 1
	<-done
	ready <- held.Value
}

func main() {
	build()
	ready, done := make(chan int), make(chan int)
	go wait(ready, done)
	<-ready
	finished := make(chan int)
	go func() { finished <- litter(20000) }()
	total := <-finished
	deep := 0
	descend(200, func() {
		node := &Node{Value: 300}
		deep = node.Value
		list = &Node{list, node.Value}
		tell(unsafe.Pointer(list), unsafe.Sizeof(*list), "main.Node", "deep")
	})
	tree = plant(11)
	mark(1)
	list, people, shapes, lines, blob, byName, wide = nil, nil, nil, nil, nil, nil, nil
	<-queue
	w := 0
	for i := 0; i < n; i++ {
		if r := table[i]; r.name == "interior" || r.name == "captured" {
			table[w] = r
			w++
		}
	}
	n, e = w, 0
	mark(2)
	mark(3)
	if total+call(3)+len(counts)+int(*inside)+deep+len(grown) != 20000+7+37+300+1000 {
		os.Exit(1)
	}
}
