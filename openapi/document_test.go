package openapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/openapi"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(openapi.Document()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	if err := load(t).Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

// Service types are no enumeration, since a build may have more of them; those of the
// contract that are served are named wherever a client meets one.
func TestTheDocumentNamesEveryServiceTypeServed(t *testing.T) {
	t.Parallel()
	doc := load(t)
	parameter := doc.Paths.Value("/v1/auth/authorize").Get.Parameters.GetByInAndName("query", "serviceType")
	member := doc.Components.Schemas["ApiAccountOutDto"].Value.Properties["serviceType"].Value
	providers := all.Registry(outbound.New(outbound.Config{}))
	for _, serviceType := range account.ServiceTypes() {
		_, served := providers.Of(serviceType)
		for where, text := range map[string]string{"the parameter": parameter.Description, "the account": member.Description} {
			if named := slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), string(serviceType)); named != served {
				t.Errorf("%s: %s named is %v, served is %v", where, serviceType, named, served)
			}
		}
	}
}

// The pass-through is taken off before the mux: every method but TRACE and CONNECT.
var passThrough = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	served := []string{}
	for _, method := range passThrough {
		served = append(served, method+" /v1/direct/{path}")
	}
	for _, pattern := range registered(t) {
		if !strings.Contains(pattern, " ") {
			pattern = http.MethodGet + " " + pattern // the flow's pages refuse the rest themselves
		}
		served = append(served, strings.TrimSuffix(pattern, "{$}"))
	}
	documented := []string{}
	for path, item := range load(t).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(documented)
	if d := cmp.Diff(served, documented); d != "" {
		t.Errorf("routes that are served (-) and documented (+):\n%s", d)
	}
}

// registered are the patterns given to the mux in routes.go.
func registered(t *testing.T) []string {
	t.Helper()
	var patterns []string
	inspect(t, "../internal/api/routes.go", func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || method.Sel.Name != "HandleFunc" && method.Sel.Name != "Handle" {
			return
		}
		patterns = append(patterns, text(t, call.Args[0]))
	})
	if len(patterns) == 0 {
		t.Fatal("routes.go names no route: this test looked at nothing")
	}
	return patterns
}

// What connect reads of authorize, and how long it may be, against the document; on the
// standards face by that face's words.
func TestTheDocumentHasEveryParameterOfAuthorizeWithItsBound(t *testing.T) {
	t.Parallel()
	bounds := map[string]uint64{}
	for name, value := range table(t, "../internal/connect/parameters.go", "bounds") {
		bound, err := strconv.ParseUint(value.Value, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		bounds[name] = bound
	}
	hasParameters(t, "/v1/auth/authorize", bounds)

	standard := map[string]uint64{"response_type": 0, "response_mode": 0} // bounded by what they are
	for contract, word := range table(t, "../internal/connect/standard.go", "standardWords") {
		standard[text(t, word)] = bounds[contract]
	}
	hasParameters(t, "/oauth/authorize", standard)
}

func hasParameters(t *testing.T, path string, bounds map[string]uint64) {
	t.Helper()
	documented := map[string]bool{}
	for _, p := range load(t).Paths.Value(path).Get.Parameters {
		documented[p.Value.Name] = true
		schema := p.Value.Schema.Value
		if schema.Type.Is("array") {
			schema = schema.Items.Value
		}
		want := bounds[p.Value.Name]
		if !schema.Type.Is("string") || want == 0 {
			continue // numbers and switches are bounded by what they are
		}
		if schema.MaxLength == nil {
			t.Errorf("%s of %s: the document has no maxLength", p.Value.Name, path)
			continue
		}
		if got := *schema.MaxLength; got != want {
			t.Errorf("%s of %s: the document bounds it by %d, the server by %d", p.Value.Name, path, got, want)
		}
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(bounds)), slices.Sorted(maps.Keys(documented))); d != "" {
		t.Errorf("parameters of %s that are read (-) and documented (+):\n%s", path, d)
	}
}

// table is a variable of a source file that is a map of literals.
func table(t *testing.T, file, name string) map[string]*ast.BasicLit {
	t.Helper()
	out := map[string]*ast.BasicLit{}
	inspect(t, file, func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != name {
			return
		}
		for _, element := range spec.Values[0].(*ast.CompositeLit).Elts {
			pair := element.(*ast.KeyValueExpr)
			out[text(t, pair.Key)] = pair.Value.(*ast.BasicLit)
		}
	})
	if len(out) == 0 {
		t.Fatalf("%s has no %s: this test looked at nothing", file, name)
	}
	return out
}

func inspect(t *testing.T, name string, visit func(ast.Node)) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool { visit(n); return true })
}

func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%T is no literal: this test cannot read it", e)
	}
	s, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
