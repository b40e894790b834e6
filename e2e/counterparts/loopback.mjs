// emulate listens on every interface and has no setting for it. Loaded by `node --import`, this keeps
// every listener of the process that names no host on 127.0.0.1.
import { Server } from "node:net";

const listen = Server.prototype.listen;

Server.prototype.listen = function (port, host, ...rest) {
  if (typeof port === "number" && host === undefined) host = "127.0.0.1";
  return listen.call(this, port, host, ...rest);
};
