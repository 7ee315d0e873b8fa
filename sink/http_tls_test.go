package sink_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// tlsHost is the name that the endpoint's certificate has to have.
const tlsHost = "collector.example"

// authority issues certificates, for a minute or two.
type authority struct {
	template *x509.Certificate
	key      *ecdsa.PrivateKey
	roots    *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{template: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key: newECDSA(t), roots: x509.NewCertPool()}
	der, err := x509.CreateCertificate(rand.Reader, a.template, a.template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(cert)
	return a
}

// issue makes a server's configuration with a certificate for host.
func (a *authority) issue(t *testing.T, host string, until time.Time) *tls.Config {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	key := newECDSA(t)
	parent, signer := a.template, a.key
	if a.roots == nil { // it signs itself
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS10}
}

func newECDSA(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// secure serves c by TLS. Its configuration may change.
type secure struct {
	*httptest.Server
	config atomic.Pointer[tls.Config]
}

func startSecure(t *testing.T, c *sinktest.Collector, good *tls.Config, http2 bool) *secure {
	t.Helper()
	s := &secure{Server: httptest.NewUnstartedServer(c)}
	s.set(good)
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of each handshake that fails
	protocols := []string{"http/1.1"}
	if http2 {
		protocols = []string{"h2"}
	}
	s.TLS = &tls.Config{NextProtos: protocols, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		config := s.config.Load().Clone()
		config.NextProtos = protocols
		return config, nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// set changes the configuration, for connections made from now on.
func (s *secure) set(config *tls.Config) { s.config.Store(config) }

// breakOff ends all connections: those that are being made at this moment, after one request.
func (s *secure) breakOff() {
	s.Config.SetKeepAlivesEnabled(false)
	s.CloseClientConnections()
}

// A certificate that is not trusted, and what else of TLS only people mend, is shown at once; bodies are kept
// and sent when that is done. A server that says nothing is like any other that is away.
func TestTLSFaults(t *testing.T) {
	own := newAuthority(t)
	later := time.Now().Add(time.Hour)
	good := own.issue(t, tlsHost, later)
	demanding, old := good.Clone(), good.Clone()
	demanding.ClientAuth, old.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS11
	demanding12 := demanding.Clone()
	demanding12.MaxVersion = tls.VersionTLS12
	for _, row := range []struct {
		id  string
		bad *tls.Config
		met func(error) bool
	}{
		{"net.tls-expired", own.issue(t, tlsHost, time.Now().Add(-time.Minute)), func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		}},
		{"net.tls-wrong-host", own.issue(t, "other.example", later), func(err error) bool {
			var host x509.HostnameError
			return errors.As(err, &host)
		}},
		{"net.tls-unknown-ca", newAuthority(t).issue(t, tlsHost, later), unknownAuthority},
		{"net.tls-self-signed", (&authority{}).issue(t, tlsHost, later), unknownAuthority},
		{"net.tls-1.1", old, says("protocol version not supported")},
		{"net.tls-client-certificate", demanding, says("certificate required")},
		{"net.tls-1.2-client-certificate", demanding12, says("handshake failure")},
	} {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			c := sinktest.Start(t, sinktest.Config{})
			server := startSecure(t, c, good, false)
			trouble{
				id: row.id, met: row.met, held: true, size: 100_000, // bodies that are being written as the alert comes
				cfg: sink.HTTPConfig{
					Endpoint: "https://" + tlsHost, TLS: &tls.Config{RootCAs: own.roots},
					DialContext: leadTo(server.Listener.Addr().String()),
				},
				begin: func() {
					server.set(row.bad)
					server.breakOff()
				},
				end: func() { server.set(good) },
			}.play(t, c)
		})
	}
	t.Run("net.tls-stall", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		server := startSecure(t, c, good, false)
		mute := listenMute(t)
		way := &road{addr: server.Listener.Addr().String()}
		trouble{
			id: "net.tls-stall", met: late,
			cfg: sink.HTTPConfig{Endpoint: "https://" + tlsHost, TLS: &tls.Config{RootCAs: own.roots}, DialContext: way.DialContext},
			begin: func() {
				way.lead(leadTo(mute))
				server.breakOff()
			},
			end: way.back,
		}.play(t, c)
	})
}

func unknownAuthority(err error) bool {
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &unknown)
}

// listenMute accepts connections, and reads them, and never says a word.
func listenMute(t *testing.T) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		cancel()
	})
	return listener.Addr().String()
}
