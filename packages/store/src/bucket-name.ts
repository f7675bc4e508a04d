/** @throws RangeError where a store of some kind could not have a bucket of that name */
export function checkBucketName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    throw new RangeError(`"${name}" is no name of a bucket: expected 1 to 63 of [a-z0-9-], a letter or digit first`);
  }
}
