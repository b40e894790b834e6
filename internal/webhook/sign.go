package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/avain-project/avain/internal/secret"
)

// The headers of a delivery (contract §8.4).
const (
	TimestampHeader = "X-Aurinko-Request-Timestamp" // unix seconds
	SignatureHeader = "X-Aurinko-Signature"
)

// Sign is the signature of a body sent at that time: HMAC-SHA256 by the application's
// signing secret over "v0:<unix seconds>:<body>", in lower-case hexadecimal.
func Sign(signing secret.Text, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(signing.Reveal()))
	_, _ = mac.Write([]byte("v0:" + strconv.FormatInt(at.Unix(), 10) + ":")) // a hash takes everything
	_, _ = mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func setSignature(h http.Header, signing secret.Text, at time.Time, body []byte) {
	h.Set(TimestampHeader, strconv.FormatInt(at.Unix(), 10))
	h.Set(SignatureHeader, Sign(signing, at, body))
}
