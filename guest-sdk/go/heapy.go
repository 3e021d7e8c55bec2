// Package heapy is what a Go guest may ask of Heapy while it runs.
//
//	hp, err := heapy.Open()
//	heap, err := hp.Ask("heap")
//	fmt.Println(heap) // the table
//	heap.Release()
//
// Without the build tag "heapy", and on other targets than wasip1, nothing is imported and every call answers
// ErrDisabled:
//
//	GOOS=wasip1 GOARCH=wasm go build -tags heapy
//
// Things of the host's are numbers, so that asking takes no memory from the heap that is asked about; the strings that
// are returned are the guest's own, as any other. The page "guest-abi" of the guide is the contract.
package heapy

import (
	"errors"
	"runtime"
	"unsafe"
)

// Version is what Open asks for.
const Version = 1

// ErrDisabled says that the guest was built without Heapy.
var ErrDisabled = errors.New("this guest was built without Heapy: use the build tag heapy on wasip1")

// Thing is something that the host keeps for this guest until it is released.
type Thing int32

// Record is a value that is passed, or that a call answers.
type record struct {
	tag     uint16
	sort    uint16
	length  uint32
	payload uint64
}

const (
	tagBool   = 1
	tagInt    = 2
	tagText   = 4
	tagHandle = 6
	tagName   = 7
)

const mostArguments = 8

// Argument is a value that is passed.
type Argument struct {
	tag     uint16
	text    string
	payload uint64
}

// Int passes a number.
func Int(value int64) Argument { return Argument{tag: tagInt, payload: uint64(value)} }

// Bool passes a truth value.
func Bool(value bool) Argument {
	if value {
		return Argument{tag: tagBool, payload: 1}
	}
	return Argument{tag: tagBool}
}

// Text passes a text.
func Text(value string) Argument { return Argument{tag: tagText, text: value} }

// Name names the argument behind it.
func Name(value string) Argument { return Argument{tag: tagName, text: value} }

// Of passes a thing.
func Of(thing Thing) Argument { return Argument{tag: tagHandle, payload: uint64(thing)} }

// Open gives the top object.
func Open() (Thing, error) { return thing(hostOpen(Version)) }

// Ask calls a name that answers a thing, a text or a list.
func (target Thing) Ask(name string, arguments ...Argument) (Thing, error) {
	answer, err := target.call(name, arguments)
	if err != nil {
		return 0, err
	}
	if answer.tag < tagText {
		return 0, errors.New(name + " answers no thing")
	}
	return Thing(answer.payload), nil
}

// Number calls a name that answers a number.
func (target Thing) Number(name string, arguments ...Argument) (int64, error) {
	answer, err := target.call(name, arguments)
	if err != nil {
		return 0, err
	}
	if answer.tag != tagInt {
		return 0, errors.New(name + " answers no number")
	}
	return int64(answer.payload), nil
}

// Do calls a name for what it does.
func (target Thing) Do(name string, arguments ...Argument) error {
	answer, err := target.call(name, arguments)
	if err == nil && answer.tag >= tagText {
		Thing(answer.payload).Release()
	}
	return err
}

func (target Thing) call(name string, arguments []Argument) (record, error) {
	var answer record
	if len(arguments) > mostArguments {
		return answer, errors.New("more than 8 arguments")
	}
	var records [mostArguments]record
	for index, argument := range arguments {
		records[index] = record{tag: argument.tag, payload: argument.payload}
		if argument.tag == tagText || argument.tag == tagName {
			records[index].length = uint32(len(argument.text))
			records[index].payload = uint64(uintptr(unsafe.Pointer(unsafe.StringData(argument.text))))
		}
	}
	result := hostCall(int32(target), unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)),
		unsafe.Pointer(&records), uint32(len(arguments)), unsafe.Pointer(&answer))
	runtime.KeepAlive(arguments)
	_, err := thing(result)
	return answer, err
}

// String is the text as Heapy prints it.
func (target Thing) String() string {
	text, err := thing(hostText(int32(target), 0))
	if err != nil {
		return "<" + err.Error() + ">"
	}
	defer text.Release()
	length := hostLength(int32(text))
	if length <= 0 {
		return ""
	}
	into := make([]byte, length)
	hostRead(int32(text), 0, unsafe.Pointer(&into[0]), uint32(length))
	return string(into)
}

// Length is the number of items of a list, or of bytes of a text.
func (target Thing) Length() int64 { return hostLength(int32(target)) }

// Item is an item of a list that is a thing, a text or a list.
func (target Thing) Item(index uint32) (Thing, error) {
	var answer record
	if _, err := thing(hostItem(int32(target), index, unsafe.Pointer(&answer))); err != nil {
		return 0, err
	}
	if answer.tag < tagText {
		return 0, errors.New("the item is a plain value")
	}
	return Thing(answer.payload), nil
}

// Release gives it back.
func (target Thing) Release() { hostRelease(int32(target)) }

// Snapshot stores a snapshot and gives its number.
func Snapshot(name string) (int32, error) {
	number, err := thing(hostSnapshot(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name))))
	return int32(number), err
}

// Label says what the block that begins at an address is called.
func Label[T any](block *T, name string) error {
	return done(hostLabel(unsafe.Pointer(block), unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), 0))
}

// Hide leaves a block out of every answer.
func Hide[T any](block *T) error { return done(hostHide(unsafe.Pointer(block))) }

// Pin says that something outside of the guest holds a block.
func Pin[T any](block *T, name string) error {
	return done(hostPin(unsafe.Pointer(block), unsafe.Pointer(unsafe.StringData(name)), uint32(len(name))))
}

// Unpin takes a pin back.
func Unpin[T any](block *T) error { return done(hostUnpin(unsafe.Pointer(block))) }

// Allocator is a pool or arena of the guest's own.
type Allocator int32

// RegisterAllocator makes a pool, or an arena whose blocks live together, known.
func RegisterAllocator(name string, arena bool) (Allocator, error) {
	kind := uint32(0)
	if arena {
		kind = 1
	}
	number, err := thing(hostAllocator(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), kind))
	return Allocator(number), err
}

// Allocated tells of a block that was handed out.
func (allocator Allocator) Allocated(block unsafe.Pointer, size uintptr) error {
	return done(hostAllocated(int32(allocator), block, uint32(size)))
}

// Freed tells of a block that was taken back.
func (allocator Allocator) Freed(block unsafe.Pointer) error {
	return done(hostFreed(int32(allocator), block))
}

// Reset tells that all blocks were taken back.
func (allocator Allocator) Reset() error { return done(hostReset(int32(allocator))) }

func done(result int32) error {
	_, err := thing(result)
	return err
}

func thing(result int32) (Thing, error) {
	if result >= 0 {
		return Thing(result), nil
	}
	if result == -100 {
		return 0, ErrDisabled
	}
	var message [512]byte
	length := hostError(unsafe.Pointer(&message), uint32(len(message)))
	return 0, errors.New(string(message[:max(0, min(int(length), len(message)))]))
}
