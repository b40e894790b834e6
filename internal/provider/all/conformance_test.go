package all_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/all"
)

// Each driver's folder runs the conformance suite: a driver that came without it would
// be promised to keep what nobody has tried.
func TestEveryDriverRunsTheConformanceSuite(t *testing.T) {
	t.Parallel()
	for service, driver := range all.Registry(outbound.New(outbound.Config{})) {
		folder := path.Base(reflect.TypeOf(driver).Elem().PkgPath())
		if !runsSuite(t, filepath.Join("..", folder)) {
			t.Errorf("%s: no test in internal/provider/%s calls providertest.Run", service, folder)
		}
	}
}

// runsSuite looks for the call in a folder's tests.
func runsSuite(t *testing.T, folder string) (runs bool) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || called.Sel.Name != "Run" {
				return true
			}
			of, ok := called.X.(*ast.Ident)
			runs = runs || ok && of.Name == "providertest"
			return true
		})
	}
	return runs
}
