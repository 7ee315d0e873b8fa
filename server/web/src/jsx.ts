// What JSX becomes: the build puts these names into every file (../build/bundle.go). No variable has one of them, which would hide it.
export { Fragment as jsx$fragment, h as jsx$element } from 'preact';
