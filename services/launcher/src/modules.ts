import { autoscaler } from "@sipmesh/autoscaler";
import { controller } from "@sipmesh/controller";
import { directory } from "@sipmesh/directory";
import { edge } from "@sipmesh/edge";
import { location } from "@sipmesh/location";
import { media } from "@sipmesh/media";
import { routing } from "@sipmesh/routing";
import type { Module } from "@sipmesh/runtime";
import { transaction } from "@sipmesh/transaction";

/** Every target that there is. */
export const MODULES: readonly Module[] = [
  edge,
  transaction,
  location,
  routing,
  directory,
  media,
  autoscaler,
  controller,
] as readonly Module[];
