import { section } from "@sipmesh/config";
import { z } from "zod";

/** The section `controller` of the configuration. */
export const schema = z.strictObject({
  namespace: z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, "a namespace of Kubernetes: a-z, 0-9 and -")
    .optional()
    .describe("Kubernetes namespace of the platform, whose Services are told of. Must be set."),
  serviceSelector: z.string().min(1).optional().describe("Labels of those Services; unless set all of the namespace."),
  nodeSelector: z.string().min(1).optional().describe("Labels of the nodes that are told of; unless set all."),
});

export type ControllerConfig = z.output<typeof schema>;

export const controllerSection = section("controller", schema);
