package serve

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tailrace-go/tailrace/server/access/accesstest"
	"github.com/tailrace-go/tailrace/server/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a server until stop, which returns what Run did.
func start(t *testing.T, cfg Config) (url string, stop func() error) {
	t.Helper()
	if cfg.Data == "" {
		cfg.Data = t.TempDir()
	}
	if len(cfg.Addrs) == 0 {
		cfg.Addrs = []string{"127.0.0.1:0"}
	}
	cfg.NoFirst = true
	out, in := io.Pipe()
	cfg.Out = in
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		err := Run(ctx, cfg)
		_ = in.CloseWithError(err)
		done <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return strings.TrimPrefix(strings.TrimSpace(line), "listening on "), func() error {
		cancel()
		return <-done
	}
}

func get(t *testing.T, client *http.Client, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return resp, err
}

// TestTheWholeTable holds who gets in, on every route that the server has.
func TestTheWholeTable(t *testing.T) {
	cfg, err := Config{Data: t.TempDir(), NoFirst: true}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	if n := len(s.router.Routes()); n < 30 {
		t.Errorf("there are only %d routes", n)
	}
	accesstest.Matrix(t, s.router, s.db)
}

func TestOneAddressSpeaksHTTP1AndHTTP2(t *testing.T) {
	url, stop := start(t, Config{})
	for version, set := range map[int]func(*http.Protocols){
		1: func(p *http.Protocols) { p.SetHTTP1(true) },
		2: func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		set(transport.Protocols)
		resp, err := get(t, &http.Client{Transport: transport}, url+"/healthz")
		if err != nil || resp.StatusCode != 200 || resp.ProtoMajor != version {
			t.Errorf("HTTP/%d: %v, %v", version, resp, err)
		}
		transport.CloseIdleConnections()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// writePair writes a certificate for 127.0.0.1 with a serial number.
func writePair(t *testing.T, dir string, serial int64) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return cert, key, pool
}

func TestTLS(t *testing.T) {
	cert, key, pool := writePair(t, t.TempDir(), 1)
	url, stop := start(t, Config{TLSCert: cert, TLSKey: key})
	if !strings.HasPrefix(url, "https://") {
		t.Fatalf("listens on %s", url)
	}
	for _, h2 := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: h2}
		resp, err := get(t, &http.Client{Transport: transport}, url+"/healthz")
		if err != nil || resp.StatusCode != 200 || resp.ProtoMajor == 2 != h2 {
			t.Errorf("with HTTP/2 %t: %v, %v", h2, resp, err)
		}
		transport.CloseIdleConnections()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestACertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key, _ := writePair(t, dir, 1)
	c, err := loadCertificate(cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		c.looked = time.Time{} // as if a second had passed
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("serial %d, want 1", got)
	}
	if err := os.WriteFile(cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 1 {
		t.Errorf("with a broken file: serial %d, want 1", got)
	}
	writePair(t, dir, 2)
	later := time.Now().Add(time.Minute) // of another time, whatever the file system's grain
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("serial %d, want 2", got)
	}
	if _, err := loadCertificate(cert, filepath.Join(dir, "nothing"), slog.New(slog.DiscardHandler)); !errors.Is(err, ErrConfig) {
		t.Errorf("without a key: %v", err)
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	for field, cfg := range map[string]Config{
		"Data":             {},
		"Sync":             {Data: dir, Sync: "off"},
		"TLSKey":           {Data: dir, TLSCert: "x"},
		"MaxInFlightBytes": {Data: dir, MaxInFlightBytes: -1},
		"MaxConnections":   {Data: dir, MaxConnections: -1},
		"Grace":            {Data: dir, Grace: -1},
		"Addrs":            {Data: dir, Addrs: []string{"nowhere"}},
		"nobody has to":    {Data: dir, Addrs: []string{"0.0.0.0:0"}, Nobody: "demo"},
	} {
		if err := Run(t.Context(), cfg); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestTwoServersDoNotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	_, stop := start(t, Config{Data: dir})
	if err := Run(t.Context(), Config{Data: dir, Addrs: []string{"127.0.0.1:0"}}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second server: %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestTheNumberOfConnectionsIsBounded fills the room, and makes some.
func TestTheNumberOfConnectionsIsBounded(t *testing.T) {
	url, stop := start(t, Config{MaxConnections: 1})
	var dialer net.Dialer
	idle, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	transport := &http.Transport{}
	go func() {
		_, err := get(t, &http.Client{Transport: transport}, url+"/healthz")
		answered <- err
	}()
	select {
	case err := <-answered: // possible only if it was accepted first
		if err != nil {
			t.Error(err)
		}
		_ = idle.Close()
	default:
		_ = idle.Close()
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
	transport.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
}
