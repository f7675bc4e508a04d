{{/* A NetworkPolicy of a component's pods: root, component, ingress: a list of rules. Everything else is kept out. */}}
{{- define "sipmesh.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "sipmesh.metadata" (dict "root" .root "component" .component) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "sipmesh.selector" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress: {{- toYaml .ingress | nindent 4 }}
{{- end -}}

{{/*
Peers: the pods of components, and the nodes where one of them is on the host network, as it comes from its node's address.
root, components. As JSON.
*/}}
{{- define "sipmesh.policyPeers" -}}
{{- $root := .root -}}
{{- $labels := dict "app.kubernetes.io/name" (include "sipmesh.name" $root) "app.kubernetes.io/instance" $root.Release.Name -}}
{{- $peers := list -}}
{{- $nodes := false -}}
{{- range .components -}}
{{- if eq (dig . "network" "" $root.Values.AsMap) "hostNetwork" -}}
{{- $nodes = true -}}
{{- else -}}
{{- $peers = append $peers (dict "podSelector" (dict "matchLabels" (merge (dict "app.kubernetes.io/component" .) $labels))) -}}
{{- end -}}
{{- end -}}
{{- if $nodes -}}
{{- range $root.Values.networkPolicy.nodeCidrs -}}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" .)) -}}
{{- end -}}
{{- end -}}
{{- $peers | toJson -}}
{{- end -}}

{{/* Everybody of the platform who speaks to NATS. */}}
{{- define "sipmesh.natsClients" -}}
{{- $all := list "edge" "transaction" "location" "routing" "directory" "media" "secrets" -}}
{{- if .Values.autoscaling.enabled -}}
{{- $all = append $all "autoscaler" -}}
{{- end -}}
{{- if include "sipmesh.findsAddresses" . -}}
{{- $all = append $all "controller" -}}
{{- end -}}
{{- $all | toJson -}}
{{- end -}}
