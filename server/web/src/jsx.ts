// What JSX becomes: the build puts these names into every file (../build/bundle.go).
export { Fragment, h } from 'preact';
