// The gateway in a process of its own, with a governor that answers from memory at once.

import { createGateway } from '../../../runtime/planes/gateway/gateway.ts';
import { memoryPort } from '../../planes/gateway/memory-port.ts';

const port = memoryPort();
const { url } = await createGateway({ portFor: () => port }).listen();
console.log(url);
