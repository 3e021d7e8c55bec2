//go:build !(wasip1 && heapy)

package heapy

import "unsafe"

const disabled = -100

func hostOpen(version uint32) int32 { return disabled }

func hostCall(target int32, name unsafe.Pointer, length uint32, arguments unsafe.Pointer, count uint32, answer unsafe.Pointer) int32 { return disabled }

func hostText(target int32, form uint32) int32 { return disabled }

func hostLength(target int32) int64 { return disabled }

func hostRead(target int32, offset uint32, into unsafe.Pointer, length uint32) int32 { return disabled }

func hostItem(list int32, index uint32, answer unsafe.Pointer) int32 { return disabled }

func hostRelease(target int32) int32 { return disabled }

func hostError(into unsafe.Pointer, length uint32) int32 { return disabled }

func hostSnapshot(name unsafe.Pointer, length uint32) int32 { return disabled }

func hostDescribe(layout unsafe.Pointer, count uint32) int32 { return disabled }

func hostLabel(block unsafe.Pointer, name unsafe.Pointer, length uint32, shape uint32) int32 { return disabled }

func hostHide(block unsafe.Pointer) int32 { return disabled }

func hostPin(block unsafe.Pointer, name unsafe.Pointer, length uint32) int32 { return disabled }

func hostUnpin(block unsafe.Pointer) int32 { return disabled }

func hostAllocator(name unsafe.Pointer, length uint32, kind uint32) int32 { return disabled }

func hostAllocated(allocator int32, block unsafe.Pointer, size uint32) int32 { return disabled }

func hostFreed(allocator int32, block unsafe.Pointer) int32 { return disabled }

func hostReset(allocator int32) int32 { return disabled }
