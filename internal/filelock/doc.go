// Package filelock gives a process a file that no other process has at the same time.
//
// The lock belongs to the open file, so it ends with the process, however that ends. The
// file stays behind, and means nothing by itself. Processes of one machine see each
// other's locks; across a network file system nothing is promised.
package filelock
