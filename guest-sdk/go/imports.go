//go:build wasip1 && heapy

package heapy

import "unsafe"

//go:wasmimport heapy open
func hostOpen(version uint32) int32

//go:wasmimport heapy call
func hostCall(target int32, name unsafe.Pointer, length uint32, arguments unsafe.Pointer, count uint32, answer unsafe.Pointer) int32

//go:wasmimport heapy text
func hostText(target int32, form uint32) int32

//go:wasmimport heapy length
func hostLength(target int32) int64

//go:wasmimport heapy read
func hostRead(target int32, offset uint32, into unsafe.Pointer, length uint32) int32

//go:wasmimport heapy item
func hostItem(list int32, index uint32, answer unsafe.Pointer) int32

//go:wasmimport heapy release
func hostRelease(target int32) int32

//go:wasmimport heapy error
func hostError(into unsafe.Pointer, length uint32) int32

//go:wasmimport heapy snapshot
func hostSnapshot(name unsafe.Pointer, length uint32) int32

//go:wasmimport heapy describe
func hostDescribe(layout unsafe.Pointer, count uint32) int32

//go:wasmimport heapy label
func hostLabel(block unsafe.Pointer, name unsafe.Pointer, length uint32, shape uint32) int32

//go:wasmimport heapy hide
func hostHide(block unsafe.Pointer) int32

//go:wasmimport heapy pin
func hostPin(block unsafe.Pointer, name unsafe.Pointer, length uint32) int32

//go:wasmimport heapy unpin
func hostUnpin(block unsafe.Pointer) int32

//go:wasmimport heapy allocator
func hostAllocator(name unsafe.Pointer, length uint32, kind uint32) int32

//go:wasmimport heapy allocated
func hostAllocated(allocator int32, block unsafe.Pointer, size uint32) int32

//go:wasmimport heapy freed
func hostFreed(allocator int32, block unsafe.Pointer) int32

//go:wasmimport heapy reset
func hostReset(allocator int32) int32
