import { BlockList, isIPv6 } from "node:net";

const family = (address: string) => (isIPv6(address) ? "ipv6" : "ipv4");

/** A set of networks, each an address or `address/prefix`: whether an address lies in one of them. */
export function networkSet(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    if (prefix === undefined) list.addAddress(address, family(address));
    else list.addSubnet(address, Number(prefix), family(address));
  }
  // A link-local address carries its scope: fe80::1%eth0.
  return (address) => {
    const plain = address.split("%", 1)[0] as string;
    return list.check(plain, family(plain));
  };
}
