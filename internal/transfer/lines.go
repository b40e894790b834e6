package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// longestLine bounds a row, in bytes: what is longer is passed over without being kept.
const longestLine = 256 << 10

// lines reads one line after the other.
type lines struct {
	in     *bufio.Reader
	number int
}

func newLines(r io.Reader) *lines { return &lines{in: bufio.NewReaderSize(r, longestLine+2)} }

// next is the next line that is not blank, good until the call after; io.EOF at the end.
func (l *lines) next() (number int, text []byte, tooLong bool, err error) {
	for {
		text, err = l.in.ReadSlice('\n')
		l.number++
		for errors.Is(err, bufio.ErrBufferFull) {
			tooLong = true
			_, err = l.in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return l.number, nil, false, fmt.Errorf("read line %d: %w", l.number, err)
		}
		switch text = bytes.TrimSpace(text); {
		case tooLong:
			return l.number, nil, true, nil
		case l.number == 1 && bytes.HasPrefix(text, []byte("\ufeff")):
			text = text[len("\ufeff"):]
		}
		if len(text) > 0 {
			return l.number, text, false, nil
		}
		if err != nil {
			return l.number, nil, false, io.EOF
		}
	}
}
