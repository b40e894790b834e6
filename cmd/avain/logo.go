package main

import (
	"io"
	"os"

	"github.com/avain-project/avain/internal/brand"
)

// readLogo reads a picture; "" is none.
func readLogo(path string) (brand.Logo, error) {
	if path == "" {
		return brand.Logo{}, nil
	}
	data, err := readPicture(path)
	if err != nil {
		return brand.Logo{}, err
	}
	logo, err := brand.ReadLogo(data)
	if err != nil {
		return brand.Logo{}, usagef("%s: %w", path, err)
	}
	return logo, nil
}

// readPicture reads as much of a file as shows whether it is too large.
func readPicture(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("open the logo: %w", err)
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, brand.MaxLogo+1))
}
