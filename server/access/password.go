package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/tailrace-go/tailrace/server/store"
)

// The least and the most that a password may have: characters so that it is not guessed, bytes so that it can be hashed.
const (
	minPassword = 8
	maxPassword = 1024
)

// argon is how a password is hashed. The current values are the first choice of the OWASP Password Storage Cheat Sheet
// for argon2id: 19 MiB, two passes, one thread.
type argon struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

var current = argon{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
)

// phc is a hash as the PHC string format writes it: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
type phc struct {
	argon

	salt, key []byte
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.threads,
		b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

var errHash = errors.New("access: not a hash that this version knows")

// parsePHC reads what String writes. Costs that no version has ever asked for are refused: they would only eat memory.
func parsePHC(text string) (h phc, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errHash
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return phc{}, errHash
	}
	for i, c := range []struct {
		name        string
		least, most uint64
		set         func(uint64)
	}{
		{"m=", 8 << 10, 256 << 10, func(n uint64) { h.memory = uint32(n) }},
		{"t=", 1, 16, func(n uint64) { h.passes = uint32(n) }},
		{"p=", 1, 16, func(n uint64) { h.threads = uint8(n) }},
	} {
		digits, ok := strings.CutPrefix(costs[i], c.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < c.least || n > c.most || strconv.FormatUint(n, 10) != digits {
			return phc{}, errHash
		}
		c.set(n)
	}
	b64 := base64.RawStdEncoding.Strict()
	if h.salt, err = b64.DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return phc{}, errHash
	}
	if h.key, err = b64.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return phc{}, errHash
	}
	return h, nil
}

// matches compares in constant time, after as long as hashing takes.
func (h phc) matches(password string) bool {
	key := argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// nobodys is the hash that the password of a user who does not exist is compared with, so that this takes as long.
var nobodys = phc{argon: current, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}

// hashers bounds how many passwords are hashed at once: each takes 19 MiB and a core.
type hashers chan struct{}

// waiters is how many logins may wait for each hasher; more are refused, since they would time out anyway.
const waiters = 16

func newHashers() (slots, queue hashers) {
	n := min(runtime.GOMAXPROCS(0), 4)
	return make(hashers, n), make(hashers, n*(1+waiters))
}

// take waits for one of the slots.
func (h hashers) take(ctx context.Context) error {
	select {
	case h <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tryTake takes one if there is one.
func (h hashers) tryTake() bool {
	select {
	case h <- struct{}{}:
		return true
	default:
		return false
	}
}

func (h hashers) give() { <-h }

// HashPassword hashes a new password for meta.User.Hash, as a PHC string of argon2id. A password that is too short or too
// long is a *store.FieldError of the field password; a *LimitError says that too many are being hashed.
func (l *Logins) HashPassword(ctx context.Context, password string) (string, error) {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return "", &store.FieldError{Field: "password", Reason: fmt.Sprintf("want at least %d characters and at most %d bytes", minPassword, maxPassword)}
	}
	done, err := l.slot(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	h := phc{argon: current, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt) // it never fails: the program ends first
	h.key = argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, keyBytes)
	return h.String(), nil
}
