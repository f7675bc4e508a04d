import { createSecureContext, type SecureContext } from "node:tls";
import {
  type ChannelCredentials,
  credentials,
  experimental,
  Metadata,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { bearsName, type Identity, type WatchedIdentity } from "@sipmesh/certificates";
import { CHANNEL } from "./channel.ts";
import { Code } from "./error.ts";

/** How a process shows that it belongs to the platform, and asks the same of its peers: TLS with certificates on both sides. */
export interface RpcTls {
  /** What is shown, and who is trusted; each new connection takes what is current. */
  readonly identity: WatchedIdentity;
  /** The DNS name in the certificate of every process of the platform: peers are addressed by IP, and come and go. */
  readonly name: string;
}

/** What both ends of a connection are made with. */
export interface Security {
  readonly server: ServerCredentials;
  readonly interceptors: readonly ServerInterceptor[];
  readonly channelOptions: Readonly<Record<string, string | number>>;
  /** For a connection that begins now. */
  channel(): ChannelCredentials;
}

/** Connections without encryption: nobody is asked who they are. */
export const IN_CLEAR: Security = {
  server: ServerCredentials.createInsecure(),
  interceptors: [],
  channelOptions: CHANNEL,
  channel: () => credentials.createInsecure(),
};

/** Connections on which each side has shown a certificate of a trusted authority that bears the platform's name. */
export function mutualTls({ identity, name }: RpcTls): Security {
  const provider = new Provider(identity);
  let madeOf: Identity | undefined;
  let context: SecureContext | undefined;
  return {
    server: experimental.createCertificateProviderServerCredentials(provider, provider, true),
    interceptors: [onlyOf(name)],
    channelOptions: { ...CHANNEL, "grpc.ssl_target_name_override": name },
    channel() {
      if (context === undefined || madeOf !== identity.current) {
        madeOf = identity.current;
        const { ca, certificate, key } = madeOf;
        context = createSecureContext({ ca, cert: certificate, key });
      }
      return credentials.createFromSecureContext(context);
    },
  };
}

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/** Hands each identity to the server as it becomes current. */
class Provider implements experimental.CertificateProvider {
  readonly #identity: WatchedIdentity;
  readonly #ends = new Map<CaListener | IdentityListener, () => void>();

  constructor(identity: WatchedIdentity) {
    this.#identity = identity;
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#follow(listener, ({ ca }) => listener({ caCertificate: ca }));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#ends.get(listener)?.();
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#follow(listener, ({ certificate, key }) => listener({ certificate, privateKey: key }));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#ends.get(listener)?.();
  }

  #follow(listener: CaListener | IdentityListener, tell: (identity: Identity) => void): void {
    const end = this.#identity.onChange(tell);
    this.#ends.set(listener, () => {
      end();
      this.#ends.delete(listener);
    });
    // A server hands what it is told to its socket, which is only there after this call.
    process.nextTick(() => {
      if (this.#ends.has(listener)) tell(this.#identity.current);
    });
  }
}

/** TLS asks a client for a certificate of a trusted authority, and not for a name: an authority may have signed for others. */
function onlyOf(name: string): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        const certificate = call.getAuthContext().sslPeerCertificate;
        if (certificate !== undefined && bearsName(name, certificate)) next();
        else {
          call.sendStatus({
            code: Code.Unauthenticated,
            details: `the certificate shown does not bear the name "${name}"`,
            metadata: new Metadata(),
          });
        }
      },
    });
}
