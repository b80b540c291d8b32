// The language server's process: speaks LSP on stdin and stdout (`--stdio`) or over the IPC channel of vscode-languageclient (`--node-ipc`).

import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { readGovernanceFile, governanceFiles } from './disk.ts';
import { serve } from './server.ts';

const connection = createConnection(ProposedFeatures.all);
serve(connection, { list: governanceFiles, read: readGovernanceFile });
connection.listen();
