package s3

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// renewEvery bounds how often credentials that are refused are looked up anew: many requests are refused at once.
const renewEvery = time.Second

// renewable provides credentials and looks for others when the store refuses them.
// The SDK reads the shared files once, at the start: keys that were replaced in
// them, as a rotation does, would never be seen. It keeps the temporary ones of a
// role until they end, though they may be revoked before. All methods may be called concurrently.
type renewable struct {
	resolve func(context.Context) (aws.CredentialsProvider, error)
	every   time.Duration

	renewing chan struct{} // holds a token while somebody looks for others
	// The two below are used by who has put the token in.
	looked  time.Time
	changed bool // what the last look found

	mu sync.Mutex
	// provider may be nil: the configuration names none.
	provider aws.CredentialsProvider
}

// newRenewable begins with a provider; resolve finds the next ones.
func newRenewable(provider aws.CredentialsProvider, resolve func(context.Context) (aws.CredentialsProvider, error)) *renewable {
	return &renewable{resolve: resolve, every: renewEvery, renewing: make(chan struct{}, 1), provider: provider}
}

// Retrieve implements [aws.CredentialsProvider]. Its errors are credentialsErrors.
func (r *renewable) Retrieve(ctx context.Context) (aws.Credentials, error) {
	r.mu.Lock()
	provider := r.provider
	r.mu.Unlock()
	return retrieve(ctx, provider)
}

// retrieve asks a provider, which may be nil. What ended because ctx did is no fault of the credentials.
func retrieve(ctx context.Context, provider aws.CredentialsProvider) (aws.Credentials, error) {
	if provider == nil {
		return aws.Credentials{}, &credentialsError{errors.New("no provider")}
	}
	credentials, err := provider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &credentialsError{err}
	}
	return credentials, err
}

// renew is called when the store has refused the credentials. It returns whether
// there are others by now, so that it is worth to ask again. What cannot be read, such
// as a file that is just being written, leaves those that there are. Only one looks at a time; the others wait
// for what it finds, until ctx ends.
func (r *renewable) renew(ctx context.Context) bool {
	select {
	case r.renewing <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-r.renewing }()
	if time.Since(r.looked) < r.every {
		return r.changed // the refused request may have been signed before that
	}
	r.changed = r.replace(ctx)
	r.looked = time.Now()
	return r.changed
}

// replace looks the credentials up anew and returns whether they are others. The caller has the token of renewing.
func (r *renewable) replace(ctx context.Context) bool {
	refused, _ := r.Retrieve(ctx) // none are others than any
	provider, err := r.resolve(ctx)
	if err != nil {
		return false
	}
	found, err := retrieve(ctx, provider)
	if err != nil || found.AccessKeyID == refused.AccessKeyID && found.SecretAccessKey == refused.SecretAccessKey && found.SessionToken == refused.SessionToken {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.provider = provider
	return true
}

// renewedError is a refusal of credentials that are not the newest any more: the
// request is worth another attempt, which [retryable] lets it have.
type renewedError struct{ error }

func (e *renewedError) Unwrap() error { return e.error }

// retryRenewed looks for other credentials within the attempts of a request. The next attempt is signed anew.
func (r *renewable) retryRenewed(stack *middleware.Stack) error {
	attempt := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleFinalize(ctx, in)
		if credentialsRefused(err) && r.renew(ctx) {
			err = &renewedError{err}
		}
		return out, metadata, err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("RenewCredentials", attempt), "Retry", middleware.After)
}

// credentialsRefused reports an answer that other credentials might mend. A store
// that denies access may do so because the key's rights went to the next one.
func credentialsRefused(err error) bool {
	switch code := errorCode(err); code {
	case "":
		return false // not the store's word
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return true
	}
	status := statusCode(err)
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
