// Style sheets that scripts import for the bundler's sake: they have no value.

declare module '*.css';
