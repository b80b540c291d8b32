// The colours that VS Code gives a webview in its own dark, light and high-contrast themes, for tests in a plain browser.

export interface Theme {
  readonly bodyClass: string;
  readonly variables: Readonly<Record<string, string>>;
}

const fonts = { 'font-family': "'DejaVu Sans', system-ui, sans-serif", 'font-size': '13px', 'editor-font-family': "'DejaVu Sans Mono', monospace" };

export const THEMES = {
  dark: {
    bodyClass: 'vscode-dark',
    variables: {
      ...fonts, foreground: '#cccccc', 'editor-foreground': '#cccccc', descriptionForeground: '#9d9d9d', 'editor-background': '#1f1f1f', 'editorWidget-background': '#262626',
      'panel-border': '#2b2b2b', 'editorIndentGuide-activeBackground1': '#707070', 'editorIndentGuide-background1': '#404040', focusBorder: '#0078d4',
      'charts-green': '#89d185', 'charts-yellow': '#cca700', 'charts-red': '#f14c4c', 'charts-blue': '#3794ff', 'charts-purple': '#b180d7', 'charts-orange': '#e8994a', errorForeground: '#f85149',
      'list-hoverBackground': '#2a2d2e', 'list-inactiveSelectionBackground': '#37373d', 'toolbar-hoverBackground': '#2f3031', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8',
      'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c', 'button-border': '#3c3c3c',
      'inputOption-activeBackground': '#2489db51', 'inputOption-activeForeground': '#ffffff', 'inputOption-activeBorder': '#2488db', 'textLink-foreground': '#4daafc', 'textCodeBlock-background': '#2b2b2b',
      'inputValidation-warningBackground': '#352a05', 'inputValidation-warningBorder': '#b89500', 'keybindingLabel-background': '#3a3a3a', 'keybindingLabel-border': '#4a4a4a',
    },
  },
  light: {
    bodyClass: 'vscode-light',
    variables: {
      ...fonts, foreground: '#3b3b3b', 'editor-foreground': '#3b3b3b', descriptionForeground: '#616161', 'editor-background': '#ffffff', 'editorWidget-background': '#f8f8f8',
      'panel-border': '#e5e5e5', 'editorIndentGuide-activeBackground1': '#939393', 'editorIndentGuide-background1': '#d3d3d3', focusBorder: '#005fb8',
      'charts-green': '#388a34', 'charts-yellow': '#bf8803', 'charts-red': '#e51400', 'charts-blue': '#1a85ff', 'charts-purple': '#652d90', 'charts-orange': '#d18616', errorForeground: '#c72e0f',
      'list-hoverBackground': '#f2f2f2', 'list-inactiveSelectionBackground': '#e4e6f1', 'toolbar-hoverBackground': '#ececec', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
      'button-background': '#005fb8', 'button-foreground': '#ffffff', 'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc', 'button-border': '#cecece',
      'inputOption-activeBackground': '#bed6ed', 'inputOption-activeForeground': '#000000', 'inputOption-activeBorder': '#005fb8', 'textLink-foreground': '#005fb8', 'textCodeBlock-background': '#f4f4f4',
      'inputValidation-warningBackground': '#f6f5d2', 'inputValidation-warningBorder': '#b89500', 'keybindingLabel-background': '#eeeeee', 'keybindingLabel-border': '#cccccc',
    },
  },
  contrast: {
    bodyClass: 'vscode-high-contrast',
    variables: {
      ...fonts, foreground: '#ffffff', 'editor-foreground': '#ffffff', descriptionForeground: '#e6e6e6', 'editor-background': '#000000', 'editorWidget-background': '#0c141f',
      'panel-border': '#6fc3df', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518', 'editorIndentGuide-activeBackground1': '#ffffff', focusBorder: '#f38518',
      'charts-green': '#89d185', 'charts-yellow': '#ffd370', 'charts-red': '#f48771', 'charts-blue': '#75beff', 'charts-purple': '#b180d7', 'charts-orange': '#f38518', errorForeground: '#f48771',
      'button-background': '#000000', 'button-foreground': '#ffffff', 'button-border': '#6fc3df', 'textLink-foreground': '#21a6ff', 'badge-background': '#000000', 'badge-foreground': '#ffffff',
      'inputValidation-warningBackground': '#352a05', 'inputValidation-warningBorder': '#b89500',
    },
  },
} as const satisfies Record<string, Theme>;
