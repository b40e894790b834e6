package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/fault"
)

// Every constant of type Code needs a line of its own, or callers would meet
// "internal" in its place.
func TestEveryCodeIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		declared++
		code := fault.Code(strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
		if code.Entry().Code != code {
			t.Errorf("%s = %q has no line in the catalogue", spec.Names[0].Name, code)
		}
		return true
	})
	seen := map[fault.Code]bool{}
	for _, e := range fault.Catalogue() {
		if seen[e.Code] {
			t.Errorf("%q stands twice in the catalogue", e.Code)
		}
		seen[e.Code] = true
		if e.Text == "" || e.When == "" {
			t.Errorf("%q has an empty column", e.Code)
		}
	}
	if declared != len(seen) {
		t.Errorf("%d codes are declared, %d are in the catalogue", declared, len(seen))
	}
}

func TestFromHidesForeignErrors(t *testing.T) {
	t.Parallel()
	f := fault.From(errors.New("password is hunter2"))
	if f.Code != fault.Internal || strings.Contains(f.Message(), "hunter2") {
		t.Errorf("a foreign error is shown as %q: %q", f.Code, f.Message())
	}
	wrapped := fmt.Errorf("outer: %w", fault.New(fault.CodeUsed, ""))
	if got := fault.From(wrapped); got.Code != fault.CodeUsed {
		t.Errorf("From(wrapped) = %q", got.Code)
	}
	if !fault.Is(wrapped, fault.CodeUsed) || fault.Is(wrapped, fault.CodeExpired) || fault.Is(nil, fault.CodeUsed) {
		t.Error("Is does not tell the codes apart")
	}
}

func TestMessageNeverHoldsTheCause(t *testing.T) {
	t.Parallel()
	f := &fault.Error{Code: fault.ScopeUnknown, Detail: `unknown scope "X"`, Err: errors.New("dial 10.0.0.1")}
	if strings.Contains(f.Message(), "10.0.0.1") {
		t.Errorf("the cause is shown: %q", f.Message())
	}
	if !strings.Contains(f.Error(), "10.0.0.1") || !strings.Contains(f.Message(), `"X"`) {
		t.Errorf("log %q, message %q", f.Error(), f.Message())
	}
}
