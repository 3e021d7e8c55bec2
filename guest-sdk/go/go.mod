module heapy

go 1.24
