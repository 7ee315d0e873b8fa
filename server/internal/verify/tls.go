package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"time"
)

// renewal is how long before its end a certificate should have been renewed.
const renewal = 14 * 24 * time.Hour

func (r *run) tlsConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: r.cfg.Roots}
}

func shakeHands(ctx context.Context, r *run) Check {
	switch {
	case r.failed:
		return skip(afterFailure)
	case r.cfg.Target.URL.Scheme == "http":
		return skip("the endpoint is plain http: everybody on the way can read spans and token")
	case r.via != nil:
		return skip("not tried by itself through a proxy; the requests below use it")
	}
	host, port := r.peer()
	dialer := tls.Dialer{Config: r.tlsConfig()}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		toDo := tlsAdvice(err)
		var unverified *tls.CertificateVerificationError
		if errors.As(err, &unverified) && len(unverified.UnverifiedCertificates) > 0 {
			return bad(Fail, toDo, "%s (%s)", reason(err), described(unverified.UnverifiedCertificates[0]))
		}
		return bad(Fail, toDo, "%s", reason(err))
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	state := conn.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	detail := fmt.Sprintf("%s, %s", tls.VersionName(state.Version), described(leaf))
	if time.Until(leaf.NotAfter) < renewal {
		return bad(Warn, "have the certificate renewed before that: then nothing will be delivered", "%s", detail)
	}
	return ok("%s", detail)
}

// described says whose a certificate is and how long it lasts.
func described(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if len(c.DNSNames) > 0 {
		name = listed(c.DNSNames)
	} else if len(c.IPAddresses) > 0 {
		name = c.IPAddresses[0].String()
	}
	days := int(math.Floor(time.Until(c.NotAfter).Hours() / 24))
	left := fmt.Sprintf("%d days left", days)
	if days < 0 {
		left = "expired"
	}
	return fmt.Sprintf("certificate for %q until %s, %s", name, c.NotAfter.UTC().Format(time.DateOnly), left)
}

func tlsAdvice(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		notTLS    tls.RecordHeaderError
		net       net.Error
	)
	switch {
	case errors.As(err, &authority):
		return "if this is your own authority, or a self-signed certificate, let this machine trust it (on Linux: SSL_CERT_FILE); if not, somebody may be listening in"
	case errors.As(err, &host):
		return "use a name in --endpoint that the certificate is for, or have one issued for this name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "have the certificate renewed, or set the clock of this machine"
	case errors.As(err, &notTLS):
		return "this port does not speak TLS: look at the port, or say http:// if it is on this machine"
	case errors.As(err, &net) && net.Timeout():
		return "the server does not answer the handshake: look at the port, and at what lies between"
	}
	return "let the server speak TLS 1.2 or 1.3, with a certificate that this machine trusts"
}
