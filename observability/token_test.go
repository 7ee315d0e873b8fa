package observability_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestTokenComesFromTheFirstPlaceThatHasOne(t *testing.T) {
	for _, c := range []struct {
		name, code, platform, cloud string
		want                        string
	}{
		{"code", "code-token-of-a-test-0001", "platform-token-of-a-test-0002", "cloud-token-of-a-test-0003", "code-token-of-a-test-0001"},
		{"the platform's variable", "", "platform-token-of-a-test-0002", "cloud-token-of-a-test-0003", "platform-token-of-a-test-0002"},
		{"the cloud's variable", "", "", "cloud-token-of-a-test-0003", "cloud-token-of-a-test-0003"},
	} {
		t.Run(c.name, func(t *testing.T) {
			setEnv(t, map[string]string{"MASTRA_PLATFORM_ACCESS_TOKEN": c.platform, "MASTRA_CLOUD_ACCESS_TOKEN": c.cloud})
			collector := sinktest.Start(t, sinktest.Config{Token: c.want})
			cfg := polite(collector, observability.CloudExporterConfig{AccessToken: "-"}, new(buffer))
			cfg.IgnoreEnv, cfg.AccessToken = false, c.code
			e, err := observability.NewCloudExporter(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			if err := e.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNoToken(t *testing.T) {
	setEnv(t, nil)
	if _, err := observability.NewCloudExporter(observability.CloudExporterConfig{}); !errors.Is(err, observability.ErrNoToken) {
		t.Errorf("without a token: %v, want ErrNoToken", err)
	}
	setEnv(t, map[string]string{"MASTRA_CLOUD_ACCESS_TOKEN": fakeToken})
	if _, err := observability.NewCloudExporter(observability.CloudExporterConfig{IgnoreEnv: true}); !errors.Is(err, observability.ErrNoToken) {
		t.Errorf("with a variable that is not to be read: %v, want ErrNoToken", err)
	}
}

func TestBadTokensAreErrorsThatDoNotShowThem(t *testing.T) {
	for _, token := range []string{"secret\r\nX-Evil: 1", "secret ", "sécret", "secret\x00", "secret\n"} {
		setEnv(t, nil)
		_, err := observability.NewCloudExporter(observability.CloudExporterConfig{AccessToken: token})
		if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "CloudExporterConfig.AccessToken") || strings.Contains(err.Error(), "cret") {
			t.Errorf("a bad token in code: %v", err)
		}
		if strings.Contains(token, "\x00") {
			continue // no variable can hold it
		}
		setEnv(t, map[string]string{"MASTRA_CLOUD_ACCESS_TOKEN": token})
		_, err = observability.NewCloudExporter(observability.CloudExporterConfig{})
		if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "MASTRA_CLOUD_ACCESS_TOKEN") || strings.Contains(err.Error(), "cret") {
			t.Errorf("a bad token in a variable: %v", err)
		}
	}
	both := observability.CloudExporterConfig{AccessToken: fakeToken, TokenSource: func(context.Context) (string, error) { return fakeToken, nil }}
	if _, err := observability.NewCloudExporter(both); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "TokenSource") {
		t.Errorf("a token and a source: %v", err)
	}
	faults.Happened(t, "input.config-token", "in code and in a variable: an ErrConfig that names which, without the token")
}

// A token that expires is replaced at once: nothing waits for the next probe of the pause.
func TestTokenSourceIsAskedAgainAfterARefusal(t *testing.T) {
	for _, status := range []int{401, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				var asked atomic.Int64
				r := start(t, c, observability.CloudExporterConfig{
					MaxBatchWait: time.Second,
					TokenSource: func(context.Context) (string, error) {
						if asked.Add(1) == 1 {
							return "mst_old-token-of-a-test-0000", nil
						}
						return fakeToken, nil
					},
				})
				c.OnRequest(func(q sinktest.Request) sinktest.Fault {
					if q.Header.Get("Authorization") != "Bearer "+fakeToken {
						return sinktest.Status(status)
					}
					return nil
				})
				for i := range 100 {
					r.export(numbered(i))
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if got := r.Stats().Ledger.Delivered; got != 100 || asked.Load() != 2 {
					t.Errorf("%d delivered when the batch was due, the source was asked %d times", got, asked.Load())
				}
				r.stop()
				r.stored(100)
			})
		})
	}
}

// While the source has no token, or no other, everything waits; it is asked again with each probe.
func TestTokenSourceThatFails(t *testing.T) {
	for name, source := range map[string]func(n int64) (string, error){
		"an error":        func(int64) (string, error) { return "", errors.New("vault is sealed, mst_fake-token-of-a-test-0000") },
		"a panic":         func(int64) (string, error) { panic("vault is sealed") },
		"no token":        func(int64) (string, error) { return "", nil },
		"a bad token":     func(int64) (string, error) { return "secret\n", nil },
		"a refused token": func(n int64) (string, error) { return fmt.Sprintf("mst_old-token-of-a-test-%04d", n%2), nil },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				var asked, well atomic.Int64
				r := start(t, c, observability.CloudExporterConfig{
					MaxBatchWait: time.Second,
					TokenSource: func(context.Context) (string, error) {
						if n := asked.Add(1); well.Load() == 0 {
							return source(n)
						}
						return fakeToken, nil
					},
				})
				r.export(numbered(0))
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				state := r.State()
				if state.Mode != observability.CloudPaused || state.Err == nil || strings.Contains(state.Err.Error(), "secret") {
					t.Errorf("state %v", state)
				}
				if n := asked.Load(); n < 20 || n > 60 {
					t.Errorf("asked %d times in 10 minutes", n)
				}
				if n := c.Ledger().Requests; n > 60 {
					t.Errorf("%d requests in 10 minutes", n)
				}
				well.Store(1)
				r.Wake()
				synctest.Wait()
				if got := r.Stats().Ledger.Delivered; got != 1 || r.State().Mode != observability.CloudSending {
					t.Errorf("%d delivered with the new token, %v", got, r.State())
				}
				r.stop()
			})
		})
	}
}

// A variable is read again when its token was refused.
func TestTokenVariableIsReadAgain(t *testing.T) {
	setEnv(t, map[string]string{"MASTRA_CLOUD_ACCESS_TOKEN": "mst_old-token-of-a-test-0000"})
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		cfg := polite(c, observability.CloudExporterConfig{AccessToken: "-", MaxBatchWait: time.Second}, new(buffer))
		cfg.IgnoreEnv, cfg.AccessToken = false, ""
		e, err := observability.NewCloudExporter(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Export(t.Context(), numbered(0)); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		if got := e.State().Mode; got != observability.CloudPaused {
			t.Errorf("with the old token: %v", got)
		}
		if err := os.Setenv("MASTRA_CLOUD_ACCESS_TOKEN", fakeToken); err != nil { // setEnv puts it back
			t.Fatal(err)
		}
		time.Sleep(31 * time.Second)
		if got := e.Stats().Ledger.Delivered; got != 1 {
			t.Errorf("%d delivered after the next probe", got)
		}
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// A source that hangs holds neither Export nor the end up.
func TestTokenSourceThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{TokenSource: func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}})
		for i := range 3000 {
			r.export(numbered(i))
		}
		time.Sleep(time.Minute)
		begun := time.Now()
		err := r.shutdown(3 * time.Second)
		if took := time.Since(begun); took > 3*time.Second+50*time.Millisecond {
			t.Errorf("Shutdown took %v", took)
		}
		if loss := lossOf(t, err); loss.Ledger.Abandoned != 3000 {
			t.Errorf("lost %+v", loss.Ledger)
		}
		r.account(pipeline.Ledger{Accepted: 3000, Abandoned: 3000})
	})
}
