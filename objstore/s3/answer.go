package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// maxErrorBytes bounds how far an answer's outermost element is looked for.
	maxErrorBytes = 64 << 10
	// shownBytes is how much of an answer that is not the store's an error shows.
	shownBytes = 80
)

// foreignAnswer is an answer that did not come from an object store but from
// something before it: a proxy's page, a login portal, an empty answer. It says
// nothing about objects: the store is away, whatever the status.
type foreignAnswer struct {
	status      int
	contentType string
	begin       []byte // of the body
}

// Error shows what somebody needs to know the sender by.
func (e *foreignAnswer) Error() string {
	what := "an empty body"
	if len(e.begin) > 0 {
		what = fmt.Sprintf("%q", e.begin)
	}
	return fmt.Sprintf("what answered does not speak S3: status %d, type %q, %s", e.status, e.contentType, what)
}

// roots are the elements that the answers of operations with a body in XML
// consist of. The SDK does not look: it takes an empty answer, or a page, for an
// empty listing.
var roots = map[string]string{
	"ListObjectsV2": "ListBucketResult",
	"DeleteObjects": "DeleteResult",
}

// checkAnswers makes what does not come from an object store an error, before the
// SDK makes something of it. It stands inside the retries, so that such an answer is tried again.
func checkAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("CheckAnswer", checkAnswer), "OperationDeserializer", middleware.After)
}

// checkAnswer is the middleware. Of the body it reads as much as it needs to see the outermost element, and puts
// that back for the SDK.
func checkAnswer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	root := roots[awsmiddleware.GetOperationName(ctx)]
	if response.StatusCode >= 300 {
		root = "Error"
	}
	if root == "" {
		if fromStore(response.Header) {
			return out, metadata, nil
		}
		begin, _ := io.ReadAll(io.LimitReader(response.Body, shownBytes))
		return out, metadata, newForeignAnswer(response, begin)
	}
	body, begin := response.Body, new(bytes.Buffer)
	found := rootElement(io.TeeReader(io.LimitReader(body, maxErrorBytes), begin))
	if found != root {
		return out, metadata, newForeignAnswer(response, begin.Bytes())
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(begin, body), body}
	return out, metadata, nil
}

// fromStore reports that a success without an XML body bears the mark of an
// object store: each sends an ETag with an object and for a PUT, and nearly each a
// number for the request. A page may have an ETag too, but is HTML, which the
// broker never stores.
func fromStore(header http.Header) bool {
	if header.Get("X-Amz-Request-Id") != "" {
		return true
	}
	return header.Get("ETag") != "" && !strings.HasPrefix(header.Get("Content-Type"), "text/html")
}

// rootElement returns the name of an XML document's outermost element, without its namespace, or
// nothing where there is none.
func rootElement(document io.Reader) string {
	decoder := xml.NewDecoder(document)
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}

// newForeignAnswer keeps the beginning of the body.
func newForeignAnswer(response *smithyhttp.Response, begin []byte) *foreignAnswer {
	return &foreignAnswer{
		status:      response.StatusCode,
		contentType: response.Header.Get("Content-Type"),
		begin:       begin[:min(len(begin), shownBytes)],
	}
}
