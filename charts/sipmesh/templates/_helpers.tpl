{{- define "sipmesh.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "sipmesh.fullname" -}}
{{- $name := include "sipmesh.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What finds the pods of a component: root, component, and slot where a node has several of them. */}}
{{- define "sipmesh.selector" -}}
app.kubernetes.io/name: {{ include "sipmesh.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- if hasKey . "slot" }}
sipmesh.io/slot: {{ .slot | quote }}
{{- end }}
{{- end -}}

{{/* Labels of an object: root, component. */}}
{{- define "sipmesh.labels" -}}
{{ include "sipmesh.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Name and labels of an object: root, component, and name where it is not the component's. */}}
{{- define "sipmesh.metadata" -}}
name: {{ include "sipmesh.fullname" .root }}-{{ .name | default .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sipmesh.labels" . | nindent 2 }}
{{- end -}}

{{/* An image: image, and the tag where it has none. */}}
{{- define "sipmesh.image" -}}
{{- with .image.registry }}{{ . }}/{{ end }}{{ .image.repository }}:{{ .image.tag | default .tag -}}
{{- end -}}

{{/* Settings of a component's pods: its own over those of all: root, component. */}}
{{- define "sipmesh.podSettings" -}}
{{- $over := (index .root.Values .component).pod -}}
{{- range $key, $value := .root.Values.pods }}
{{ $key }}: {{ (hasKey $over $key | ternary (index $over $key) $value) | toJson }}
{{- end }}
{{- end -}}

{{- define "sipmesh.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "sipmesh.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Where and beside whom a pod runs: root, component, settings. */}}
{{- define "sipmesh.placement" -}}
{{- with .settings.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $tolerations := .settings.tolerations }}
{{- if not (kindIs "invalid" .settings.deadNodeSeconds) }}
{{- range list "unreachable" "not-ready" }}
{{- $key := printf "node.kubernetes.io/%s" . }}
{{- $seconds := int $.settings.deadNodeSeconds }}
{{- $tolerations = append $tolerations (dict "key" $key "operator" "Exists" "effect" "NoExecute" "tolerationSeconds" $seconds) }}
{{- end }}
{{- end }}
{{- with $tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The Secret that a Job makes: passwords that nobody chose. */}}
{{- define "sipmesh.made" -}}
{{ include "sipmesh.fullname" . }}-made
{{- end -}}

{{/* Secret with the subscribers: one that is named, one that is made, or none where they stand in the configuration. */}}
{{- define "sipmesh.subscribersSecret" -}}
{{- if .Values.directory.existingSecret -}}
{{- .Values.directory.existingSecret -}}
{{- else if not (dig "directory" "domains" list .Values.config) -}}
{{- include "sipmesh.made" . -}}
{{- end -}}
{{- end -}}

{{/* Secret with what NATS asks for. */}}
{{- define "sipmesh.natsSecret" -}}
{{- if .Values.nats.existingSecret -}}
{{- .Values.nats.existingSecret -}}
{{- else if not .Values.nats.servers -}}
{{- include "sipmesh.made" . -}}
{{- end -}}
{{- end -}}

{{/* Whether passwords are made. NATS with TLS has a system account, which is told to read certificates again. */}}
{{- define "sipmesh.makesPasswords" -}}
{{- $made := include "sipmesh.made" . -}}
{{- if or (eq $made (include "sipmesh.subscribersSecret" .)) (eq $made (include "sipmesh.natsSecret" .)) (include "sipmesh.natsServesTls" .) -}}
true
{{- end -}}
{{- end -}}

{{/* Whether the NATS that is installed speaks TLS. */}}
{{- define "sipmesh.natsServesTls" -}}
{{- if and .Values.tls.enabled (not .Values.nats.servers) -}}
true
{{- end -}}
{{- end -}}

{{/* Secret of what every pod of the platform shows to the others. */}}
{{- define "sipmesh.tlsSecret" -}}
{{ .Values.tls.existingSecret | default (printf "%s-tls" (include "sipmesh.fullname" .)) }}
{{- end -}}

{{/* Secret of what NATS shows. */}}
{{- define "sipmesh.natsTlsSecret" -}}
{{ .Values.nats.tls.existingSecret | default (printf "%s-nats-tls" (include "sipmesh.fullname" .)) }}
{{- end -}}

{{/* The DNS name in the certificate of every pod of the platform. */}}
{{- define "sipmesh.tlsName" -}}
{{ include "sipmesh.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{/* The DNS names in the certificate of NATS, as a JSON list. */}}
{{- define "sipmesh.natsTlsNames" -}}
{{- $name := printf "%s-nats" (include "sipmesh.fullname" .) -}}
{{- list (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "*.%s-servers.%s" $name .Release.Namespace) (printf "*.%s-servers.%s.svc" $name .Release.Namespace) | toJson -}}
{{- end -}}

{{/* Certificates that the Job makes: their Secrets and names, as a JSON map. */}}
{{- define "sipmesh.madeCertificates" -}}
{{- $made := dict -}}
{{- if and .Values.tls.enabled (not .Values.tls.certManager.enabled) -}}
{{- if not .Values.tls.existingSecret -}}
{{- $_ := set $made (include "sipmesh.tlsSecret" .) (list (include "sipmesh.tlsName" .)) -}}
{{- end -}}
{{- if and (include "sipmesh.natsServesTls" .) (not .Values.nats.tls.existingSecret) -}}
{{- $_ := set $made (include "sipmesh.natsTlsSecret" .) (include "sipmesh.natsTlsNames" . | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{- $made | toJson -}}
{{- end -}}

{{/* A volume with a certificate: name, secret. */}}
{{- define "sipmesh.tlsVolume" -}}
- name: {{ .name }}
  secret: { secretName: {{ .secret }}, defaultMode: 0440 }
{{- end -}}

{{/* TLS as the platform's configuration has it. */}}
{{- define "sipmesh.tlsConfiguration" -}}
{{- $ours := dict "ca" "/etc/sipmesh-tls/ca.crt" "certificate" "/etc/sipmesh-tls/tls.crt" "key" "/etc/sipmesh-tls/tls.key" -}}
{{- if .Values.tls.enabled }}
rpc: {{ dict "tls" (merge (dict "name" (include "sipmesh.tlsName" .)) $ours) | toJson }}
{{- end }}
{{- if include "sipmesh.natsServesTls" . }}
nats: {{ dict "tls" (merge (dict "first" true) $ours) | toJson }}
{{- else if and .Values.nats.servers .Values.nats.tls.existingSecret }}
{{- $theirs := dict "ca" "/etc/nats-tls/ca.crt" "first" .Values.nats.tls.first }}
{{- with .Values.nats.tls.name }}{{ $_ := set $theirs "name" . }}{{ end }}
{{- if .Values.nats.tls.clientCertificate }}
{{- $theirs = merge $theirs (dict "certificate" "/etc/nats-tls/tls.crt" "key" "/etc/nats-tls/tls.key") }}
{{- end }}
nats: {{ dict "tls" $theirs | toJson }}
{{- end }}
{{- end -}}

{{- define "sipmesh.natsServers" -}}
{{- if .Values.nats.servers -}}
{{- .Values.nats.servers | toJson -}}
{{- else -}}
{{- list (printf "nats://%s-nats.%s:4222" (include "sipmesh.fullname" .) .Release.Namespace) | toJson -}}
{{- end -}}
{{- end -}}

{{- define "sipmesh.listeners" -}}
{{- $edge := .Values.edge -}}
{{- range $transport := list "udp" "tcp" }}
{{- $of := index $edge $transport }}
{{- if $of.enabled }}
- transport: {{ $transport }}
  address: "0.0.0.0"
  port: {{ $of.port }}
  {{- if $of.advertiseAddress }}
  advertise:
    address: {{ $of.advertiseAddress | quote }}
    port: {{ $of.advertisePort | default $of.port }}
  {{- else if include "sipmesh.findsAddresses" $ }}
  {{- if eq $edge.network "hostNetwork" }}
  node: true
  {{- else if ne $edge.service.type "ClusterIP" }}
  service: {{ include "sipmesh.fullname" $ }}-sip-{{ $transport }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The platform's configuration: what was given, with what belongs to the installation. */}}
{{- define "sipmesh.configuration" -}}
{{- $config := deepCopy .Values.config -}}
{{- $keep := .Values.nats.keep | default (empty .Values.nats.servers | ternary .Values.nats.replicas 1) -}}
{{- $ours := dict
  "nats" (dict "servers" (include "sipmesh.natsServers" . | fromJsonArray) "replicas" $keep)
  "edge" (dict "listeners" (include "sipmesh.listeners" . | fromYamlArray))
-}}
{{- with .Values.edge.name -}}
{{- $_ := set $ours "transaction" (dict "sentBy" .) -}}
{{- end -}}
{{- if .Values.jaeger.enabled -}}
{{- $_ := set $ours "trace" (dict "endpoint" (printf "http://%s-jaeger.%s:4318" (include "sipmesh.fullname" .) .Release.Namespace)) -}}
{{- end -}}
{{- mergeOverwrite $config $ours (include "sipmesh.tlsConfiguration" . | fromYaml) | toYaml -}}
{{- end -}}

{{/* Subscribers, for who reads them. */}}
{{- define "sipmesh.subscribersEnv" -}}
{{- with include "sipmesh.subscribersSecret" . }}
- name: SIPMESH_DIRECTORY_DOMAINS
  valueFrom: { secretKeyRef: { name: {{ . }}, key: domains.yaml } }
{{- end }}
{{- end -}}

{{/* Whether a component is one that autoscaling is meant for: root, component. Only Deployments are. */}}
{{- define "sipmesh.scalable" -}}
{{- $of := index .root.Values.autoscaling .component -}}
{{- $onHost := and (eq .component "edge") (eq .root.Values.edge.network "hostNetwork") -}}
{{- if and (kindIs "map" $of) (not $onHost) -}}
{{- if $of.enabled -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether the number of its pods is the autoscaler's: root, component. */}}
{{- define "sipmesh.autoscaled" -}}
{{- if .root.Values.autoscaling.enabled -}}{{- include "sipmesh.scalable" . -}}{{- end -}}
{{- end -}}

{{/* Whether it leaves the release for a moment, to stay in the cluster meanwhile: root, component. */}}
{{- define "sipmesh.handedOver" -}}
{{- if .root.Values.autoscaling.handOver -}}{{- include "sipmesh.scalable" . -}}{{- end -}}
{{- end -}}

{{/* A target's pod: root, component, host: whether it is on the host network, and slot where a node has several. */}}
{{- define "sipmesh.podTemplate" -}}
{{- $root := .root -}}
{{- $settings := include "sipmesh.podSettings" . | fromYaml -}}
{{- $ports := dict "admin" 8060 "rpc" 9060 -}}
{{- if .host -}}
{{- $of := (index $root.Values .component).hostPorts -}}
{{- $further := mul 10 (.slot | default 0) -}}
{{- $ports = dict "admin" (add $of.admin $further) "rpc" (add $of.rpc $further) -}}
{{- end -}}
metadata:
  labels:
    {{- include "sipmesh.labels" . | nindent 4 }}
    {{- with $settings.labels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # Of what it reads: a change for one component leaves the others' pods alone.
    checksum/configuration: {{ pick (include "sipmesh.configuration" $root | fromYaml) "log" "trace" "nats" "rpc" .component | toJson | sha256sum }}
    {{- with $settings.annotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- if has .component (list "autoscaler" "controller") }}
  serviceAccountName: {{ include "sipmesh.fullname" $root }}-{{ .component }}
  automountServiceAccountToken: true
  {{- else }}
  automountServiceAccountToken: false
  {{- end }}
  # Service names as variables would be taken for configuration.
  enableServiceLinks: false
  {{- if eq .component "media" }}
  # The process bounds its own leaving.
  terminationGracePeriodSeconds: {{ add $root.Values.media.gracePeriod 30 }}
  {{- else if eq .component "edge" }}
  # The process bounds its own leaving.
  terminationGracePeriodSeconds: {{ add (include "sipmesh.edgeGracePeriod" $root) 30 }}
  {{- else }}
  # The process bounds its own leaving (20 s).
  terminationGracePeriodSeconds: 30
  {{- end }}
  {{- if .host }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  securityContext:
    {{- include "sipmesh.podSecurity" $root | nindent 4 }}
  {{- include "sipmesh.placement" (dict "root" $root "settings" $settings) | trim | nindent 2 }}
  {{- if $settings.topologySpreadConstraints }}
  topologySpreadConstraints: {{- toYaml $settings.topologySpreadConstraints | nindent 4 }}
  {{- else if not .host }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels:
          {{- include "sipmesh.selector" . | nindent 10 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ include "sipmesh.image" (dict "image" $root.Values.image "tag" $root.Chart.AppVersion) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: ["--target={{ .component }}", "--config=/etc/sipmesh/sipmesh.yaml"]
      env:
        - name: NODE_NAME
          valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
        - name: POD_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        - name: SIPMESH_CLUSTER_NODE
          value: $(NODE_NAME)
        - name: SIPMESH_CLUSTER_POD
          value: $(POD_NAME)
        - name: SIPMESH_ADMIN_ADDRESS
          {{- if .host }}
          value: 127.0.0.1
          {{- else }}
          valueFrom: { fieldRef: { fieldPath: status.podIP } }
          {{- end }}
        - name: SIPMESH_ADMIN_PORT
          value: {{ $ports.admin | quote }}
        - name: SIPMESH_RPC_ADDRESS
          valueFrom: { fieldRef: { fieldPath: status.podIP } }
        - name: SIPMESH_RPC_PORT
          value: {{ $ports.rpc | quote }}
        - name: OTEL_RESOURCE_ATTRIBUTES
          value: k8s.namespace.name={{ $root.Release.Namespace }},k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME),k8s.deployment.name={{ include "sipmesh.fullname" $root }}-{{ .component }}
        {{- with include "sipmesh.natsSecret" $root }}
        {{- $existing := not (empty $root.Values.nats.servers) }}
        - name: SIPMESH_NATS_USER
          valueFrom: { secretKeyRef: { name: {{ . }}, key: user, optional: {{ $existing }} } }
        - name: SIPMESH_NATS_PASSWORD
          valueFrom: { secretKeyRef: { name: {{ . }}, key: password, optional: {{ $existing }} } }
        {{- if $existing }}
        - name: SIPMESH_NATS_TOKEN
          valueFrom: { secretKeyRef: { name: {{ . }}, key: token, optional: true } }
        {{- end }}
        {{- end }}
        {{- if eq .component "directory" }}
        {{- include "sipmesh.subscribersEnv" $root | nindent 8 }}
        {{- end }}
        {{- if eq .component "media" }}
        {{- include "sipmesh.mediaEnv" . | nindent 8 }}
        {{- end }}
        {{- if eq .component "edge" }}
        {{- include "sipmesh.edgeEnv" $root | nindent 8 }}
        {{- end }}
        {{- if eq .component "autoscaler" }}
        {{- include "sipmesh.autoscalerEnv" $root | nindent 8 }}
        {{- end }}
        {{- if eq .component "controller" }}
        {{- include "sipmesh.controllerEnv" $root | nindent 8 }}
        {{- end }}
        {{- with $settings.extraEnv }}{{ toYaml . | nindent 8 }}{{ end }}
      {{- if or (eq .component "edge") (not .host) }}
      ports:
        {{- if not .host }}
        - { name: admin, containerPort: {{ $ports.admin }} }
        - { name: rpc, containerPort: {{ $ports.rpc }} }
        {{- end }}
        {{- if eq .component "autoscaler" }}
        - { name: api, containerPort: 8443 }
        {{- end }}
        {{- if eq .component "edge" }}
        {{- range $transport := list "udp" "tcp" }}
        {{- with index $root.Values.edge $transport }}
        {{- if .enabled }}
        - { name: sip-{{ $transport }}, containerPort: {{ .port }}, protocol: {{ upper $transport }} }
        {{- end }}
        {{- end }}
        {{- end }}
        {{- end }}
      {{- end }}
      {{- if eq .component "edge" }}
      # New phones are led elsewhere before this one goes.
      lifecycle: { preStop: { sleep: { seconds: 3 } } }
      {{- end }}
      livenessProbe:
        httpGet: { path: /live, port: {{ $ports.admin }}{{ if .host }}, host: 127.0.0.1{{ end }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /ready, port: {{ $ports.admin }}{{ if .host }}, host: 127.0.0.1{{ end }} }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      securityContext:
        {{- include "sipmesh.containerSecurity" $root | nindent 8 }}
      resources: {{- toYaml $settings.resources | nindent 8 }}
      volumeMounts:
        - { name: configuration, mountPath: /etc/sipmesh, readOnly: true }
        - { name: data, mountPath: /var/lib/sipmesh }
        {{- if $root.Values.tls.enabled }}
        - { name: tls, mountPath: /etc/sipmesh-tls, readOnly: true }
        {{- end }}
        {{- if and $root.Values.nats.servers $root.Values.nats.tls.existingSecret }}
        - { name: nats-tls, mountPath: /etc/nats-tls, readOnly: true }
        {{- end }}
  volumes:
    - name: configuration
      secret: { secretName: {{ include "sipmesh.fullname" $root }}-configuration }
    - name: data
      emptyDir: { sizeLimit: 64Mi }
    {{- if $root.Values.tls.enabled }}
    {{- include "sipmesh.tlsVolume" (dict "name" "tls" "secret" (include "sipmesh.tlsSecret" $root)) | nindent 4 }}
    {{- end }}
    {{- if and $root.Values.nats.servers $root.Values.nats.tls.existingSecret }}
    {{- include "sipmesh.tlsVolume" (dict "name" "nats-tls" "secret" $root.Values.nats.tls.existingSecret) | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Pods that hold nothing of their own, and their budget: root, component. */}}
{{- define "sipmesh.deployment" -}}
{{- if not (include "sipmesh.handedOver" .) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "sipmesh.metadata" . | nindent 2 }}
  {{- if include "sipmesh.autoscaled" . }}
  annotations:
    # The number of pods is not the release's: what runs before an upgrade goes by this.
    sipmesh.io/replicas: autoscaled
  {{- end }}
spec:
  {{- if not (include "sipmesh.autoscaled" .) }}
  replicas: {{ (index .root.Values .component).replicas }}
  {{- end }}
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  minReadySeconds: {{ (include "sipmesh.podSettings" . | fromYaml).minReadySeconds | int }}
  selector:
    matchLabels:
      {{- include "sipmesh.selector" . | nindent 6 }}
  template:
    {{- include "sipmesh.podTemplate" (dict "root" .root "component" .component "host" false) | nindent 4 }}
---
{{ end -}}
{{ include "sipmesh.budget" . }}
{{- end -}}

{{/* A pod on every chosen node, on its network: root, component, and slot where a node has several. */}}
{{- define "sipmesh.daemonSet" -}}
{{- $host := merge (dict "host" true) . -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  {{- include "sipmesh.metadata" . | nindent 2 }}
spec:
  updateStrategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
  minReadySeconds: {{ (include "sipmesh.podSettings" . | fromYaml).minReadySeconds | int }}
  selector:
    matchLabels:
      {{- include "sipmesh.selector" . | nindent 6 }}
  template:
    {{- include "sipmesh.podTemplate" $host | nindent 4 }}
{{- end -}}

{{- define "sipmesh.budget" -}}
{{- if .root.Values.podDisruptionBudget.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "sipmesh.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "sipmesh.selector" . | nindent 6 }}
{{- end -}}
{{- end -}}
