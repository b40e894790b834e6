package webhook_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/webhook"
)

// By another hand:
//
//	printf 'v0:1760000000:{"id":"1"}' | openssl dgst -sha256 -hmac avain-signing-secret-for-tests
func TestSignAsTheContractSays(t *testing.T) {
	t.Parallel()
	signing, at := secret.New("avain-signing-secret-for-tests"), time.Unix(1760000000, 999e6)
	const want = "c46ffac7cbb3ed3fac852f860af50e968f32ea79c49ea29c758efcb57e648a5f"
	if got := webhook.Sign(signing, at, []byte(`{"id":"1"}`)); got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
	for name, other := range map[string]string{
		"another secret": webhook.Sign(secret.New("another"), at, []byte(`{"id":"1"}`)),
		"another second": webhook.Sign(signing, at.Add(time.Second), []byte(`{"id":"1"}`)),
		"another body":   webhook.Sign(signing, at, []byte(`{"id":"2"}`)),
	} {
		if other == want {
			t.Errorf("%s has the same signature", name)
		}
	}
}
