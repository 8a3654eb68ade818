// A passkey in software, whose key is in this process: the answers that `navigator.credentials` gives to a page.
// Both answers are those of WebAuthn level 2 with an ES256 key and the attestation "none".
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const [USER_PRESENT_AND_VERIFIED, WITH_KEY] = [0b101, 0b1000000];

export class Passkey {
  readonly #id = randomBytes(16);
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** The answer of `navigator.credentials.create`. */
  create(challenge: string): object {
    const authData = Buffer.concat([
      this.#authenticatorData(USER_PRESENT_AND_VERIFIED | WITH_KEY),
      Buffer.alloc(16), // AAGUID: no model
      Buffer.from([0, this.#id.length]),
      this.#id,
      this.#publicKey(),
    ]);
    // CBOR of { fmt: "none", attStmt: {}, authData }
    const attestationObject = Buffer.concat([
      Buffer.from("a363666d74646e6f6e656761747453746d74a068617574684461746158", "hex"),
      Buffer.from([authData.length]),
      authData,
    ]);
    return this.#credential({
      clientDataJSON: this.#clientData("webauthn.create", challenge),
      attestationObject,
    });
  }

  /** The answer of `navigator.credentials.get`. */
  get(challenge: string): object {
    const clientDataJSON = this.#clientData("webauthn.get", challenge);
    const authenticatorData = this.#authenticatorData(USER_PRESENT_AND_VERIFIED);
    const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
    const signature = sign("sha256", signed, this.#keys.privateKey);
    return this.#credential({ clientDataJSON, authenticatorData, signature });
  }

  #credential(response: Readonly<Record<string, Buffer>>): object {
    const fields = Object.entries(response).map(([name, value]) => [name, value.toString("base64url")]);
    const id = this.#id.toString("base64url");
    return {
      id,
      rawId: id,
      type: "public-key",
      response: Object.fromEntries(fields) as object,
      clientExtensionResults: {},
    };
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false }));
  }

  #authenticatorData(flags: number): Buffer {
    const counter = Buffer.alloc(4);
    return Buffer.concat([sha256(new URL(this.#origin).hostname), Buffer.from([flags]), counter]);
  }

  /** The CBOR of a COSE key: { kty: EC2, alg: ES256, crv: P-256, x, y } */
  #publicKey(): Buffer {
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    return Buffer.concat([
      Buffer.from("a5010203262001215820", "hex"),
      Buffer.from(x, "base64url"),
      Buffer.from("225820", "hex"),
      Buffer.from(y, "base64url"),
    ]);
  }
}

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}
