package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// libraries says what an import of a library stands for, below server/web. What third_party/README.md lists is all there
// is: nothing is looked up in a node_modules.
var libraries = map[string]string{
	"preact":               "./third_party/preact/dist/preact.mjs",
	"preact/hooks":         "./third_party/preact/hooks/dist/hooks.mjs",
	"@preact/signals":      "./third_party/signals/dist/signals.mjs",
	"@preact/signals-core": "./third_party/signals-core/dist/signals-core.mjs",
}

// options are those of every bundle. They, and not tsconfig.json, which is for the type check, say what JSX means.
func options(web string) (api.BuildOptions, error) {
	dir, err := filepath.Abs(web)
	if err != nil {
		return api.BuildOptions{}, err
	}
	return api.BuildOptions{
		AbsWorkingDir: dir,
		Bundle:        true,
		Platform:      api.PlatformBrowser,
		Alias:         libraries,
		// h("p", null, …) where the newer transform writes jsx("p", {children: …}): four hundred bytes less in the end.
		JSX: api.JSXTransform, JSXFactory: "jsx$element", JSXFragment: "jsx$fragment", Inject: []string{"src/jsx.ts"},
		TsconfigRaw: `{"compilerOptions":{"strict":true,"useDefineForClassFields":true}}`,
		Charset:     api.CharsetUTF8,
		LogLevel:    api.LogLevelSilent, // what there is to say is in the error
	}, nil
}

// bundle runs esbuild. A warning is an error: nobody reads it otherwise.
func bundle(o api.BuildOptions) ([]api.OutputFile, error) {
	result := api.Build(o)
	var errs []error
	for _, m := range slices.Concat(result.Errors, result.Warnings) {
		if m.Location == nil {
			errs = append(errs, errors.New(m.Text))
			continue
		}
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s", m.Location.File, m.Location.Line, m.Location.Column+1, m.Text))
	}
	return result.OutputFiles, errors.Join(errs...)
}

// dist makes all that the server embeds, by its name below server/web.
func dist(web string) (map[string][]byte, error) {
	o, err := options(web)
	if err != nil {
		return nil, err
	}
	o.EntryPointsAdvanced = []api.EntryPoint{
		{InputPath: "src/main.tsx", OutputPath: "app"},
		{InputPath: "src/style/main.css", OutputPath: "app"},
	}
	o.Outdir = "dist"
	o.Format, o.Splitting, o.ChunkNames = api.FormatESModule, true, "[name]-[hash]"
	o.Target = api.ES2022
	o.MinifyWhitespace, o.MinifyIdentifiers, o.MinifySyntax = true, true, true
	o.Define = map[string]string{"process.env.NODE_ENV": `"production"`}
	o.LegalComments = api.LegalCommentsNone // all licences, whole, are in LICENSES.txt
	o.Banner = map[string]string{
		"js":  "/* tailrace, Apache-2.0; of what is in here by others: LICENSES.txt */",
		"css": "/* tailrace, Apache-2.0; of what is in here by others: LICENSES.txt */",
	}
	outputs, err := bundle(o)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, out := range outputs {
		name, err := filepath.Rel(o.AbsWorkingDir, out.Path)
		if err != nil {
			return nil, err
		}
		files[filepath.ToSlash(name)] = out.Contents
	}
	if err := addStatic(files, web); err != nil {
		return nil, err
	}
	files["dist/LICENSES.txt"], err = licences(web)
	return files, err
}

// addStatic adds what is served as it is.
func addStatic(files map[string][]byte, web string) error {
	entries, err := os.ReadDir(filepath.Join(web, "src", "static"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(web, "src", "static", entry.Name())) //nolint:gosec // of the source
		if err != nil {
			return err
		}
		name := path.Join("dist", entry.Name())
		if _, ok := files[name]; ok {
			return fmt.Errorf("src/static/%s has the name of something that is built", entry.Name())
		}
		files[name] = text
	}
	return nil
}

// licences joins the licences of third_party, each below the name of its folder.
func licences(web string) ([]byte, error) {
	names, err := thirdParty(web)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("app.js and app.css contain these libraries of others, under these licences.\n")
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(web, "third_party", name, "LICENSE")) //nolint:gosec // of the source
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "\n=== %s\n\n%s\n", name, strings.TrimSpace(string(text)))
	}
	return []byte(b.String()), nil
}

// thirdParty returns the folders of third_party, in order: one a library.
func thirdParty(web string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(web, "third_party"))
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, err
}
